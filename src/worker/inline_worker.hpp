#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <thread>

#include <brood/detail/bytes.hpp>
#include "protocol/page.hpp"
#include "worker/session.hpp"
#include "worker/session_process.hpp"
#include "worker/this_worker.hpp"

namespace brood::worker {

/// The owner of a worker in its own process, as that needs it: both are one thread, and one goes on
/// where the other would sleep.
class InlineOwner {
 public:
  /// Writes what waits for the worker, as much as there is room for.
  virtual void bring_tasks() = 0;
  /// Reads what the worker has reported.
  virtual void take_results() = 0;
  /// The descriptor of a shared object in the result that follows.
  virtual void take_descriptor(const detail::DescriptorRef& descriptor) = 0;

 protected:
  ~InlineOwner() = default;
};

/// A worker in the process of its owner: the session of any other worker, which runs elements in
/// the thread that serves. What a process has, such as limits and a sandbox, it has not.
/// Threads: one at a time.
class InlineWorker final : private SessionProcess {
 public:
  enum class Place : bool {
    outermost,
    /// Its elements belong to an element of such a worker: name and state are that one's.
    in_an_element,
  };
  InlineWorker(InlineOwner& owner, protocol::WorkerPage& page, std::string name, Place place);

  /// The initializer before the first call; then what has been brought, until nothing is left.
  /// False when the worker has ended: it was told to leave, or could not be initialized.
  bool serve();
  /// How it has ended.
  int exit_code() const noexcept { return exit_code_; }

 private:
  bool initialize(const protocol::WorkerSetup& setup);
  void leave();
  // --- SessionProcess ---
  void wake_owner() override { owner_.take_results(); }
  void wake(std::atomic<std::uint32_t>&) override { owner_.take_results(); }
  bool look(const std::atomic<std::uint64_t>&, std::uint64_t) override { return false; }
  void sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) override;
  std::chrono::steady_clock::time_point now() override { return std::chrono::steady_clock::now(); }
  bool send_descriptor(std::uint64_t, const detail::DescriptorRef& descriptor) override {
    owner_.take_descriptor(descriptor);
    return true;
  }
  void wait_for_descriptor_channel() override {}
  // Handles find the objects: they are in this process.
  void receive_descriptors() override {}
  void drop_descriptors(std::uint64_t) override {}
  // None comes while an element runs: what would send it runs in this thread.
  void watch_for_stop_requests() override {}
  std::uint64_t resident() override { return 0; }
  void end_if_copy() noexcept override;
  void tell_of_copies() override {}
  bool is_serving_thread() const noexcept override;
  [[noreturn]] void end(int code) override;

  InlineOwner& owner_;
  protocol::WorkerPage& page_;
  InlineIdentity identity_;
  const Place place_;
  const unsigned generation_;  // see platform::fork_generation
  Session session_;
  std::thread::id serving_;
  bool greeted_ = false;
  bool idle_ = false;  // it has returned from its session because nothing is left to do
  int exit_code_ = 0;
};

}  // namespace brood::worker
