#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include "platform/futex.hpp"
#include "platform/process.hpp"
#include "platform/spin_budget.hpp"
#include "platform/usage.hpp"
#include "protocol/page.hpp"
#include "transfer/descriptor_channel.hpp"
#include "worker/output_redirect.hpp"
#include "worker/session_process.hpp"

namespace brood::worker {

/// This process as a session needs it: the sockets to the owner, and what the page is woken by.
class OwnProcess final : public SessionProcess {
 public:
  OwnProcess(int report, transfer::DescriptorChannel descriptor_channel,
             const protocol::WorkerPage& page)
      : report_(report),
        descriptor_channel_(std::move(descriptor_channel)),
        output_(page.output_reads) {}
  /// Opens what resident() reads: no file can be opened in a sandbox.
  void open_resident() { resident_.emplace(); }
  /// The pool has so many processors: with several, a wait for tasks looks before it sleeps.
  void look_before_sleeping(int processors) { spin_ = platform::SpinBudget(processors); }
  /// What is called when the owner has added one to this word of the page, once the session has
  /// asked for that.
  void on_stop_request(std::atomic<std::uint32_t>& word, std::function<void()> look) {
    stop_requests_ = &word;
    look_for_stop_ = std::move(look);
  }
  /// Takes what output goes through, where it has come: none of it comes into a sandbox.
  void open_output_for_sandbox();
  /// What the owner has sent under this token. Null in threads of tasks: they may not look there.
  detail::DescriptorRef find(detail::SharedDescriptor::Token token) const;

  bool look(const std::atomic<std::uint64_t>& word, std::uint64_t value) override;
  void wake_owner() override;
  void wake(std::atomic<std::uint32_t>& word) override {
    platform::futex_wake(word, 1, platform::FutexScope::shared);
  }
  void sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) override;
  std::chrono::steady_clock::time_point now() override { return std::chrono::steady_clock::now(); }
  bool send_descriptor(std::uint64_t job, const detail::DescriptorRef& descriptor) override;
  void wait_for_descriptor_channel() override { descriptor_channel_.wait_for_room(); }
  void receive_descriptors() override { descriptor_channel_.receive(); }
  void drop_descriptors(std::uint64_t attachment_group) override {
    descriptor_channel_.drop(attachment_group);
  }
  void watch_for_stop_requests() override;
  bool redirect_output(const protocol::RunHeader& header) override;
  void end_element_output() override { output_.end_element(); }
  void restore_output() noexcept override { output_.leave(); }
  std::uint64_t resident() override { return resident_->bytes(); }
  void end_if_copy() noexcept override;
  void tell_of_copies() override;
  bool is_serving_thread() const noexcept override;
  [[noreturn]] void end(int code) override;

 private:
  const std::thread::id serving_ = std::this_thread::get_id();
  const unsigned generation_ = platform::fork_generation();
  int report_;
  platform::SpinBudget spin_;
  // What came for a job is kept until the job is over.
  transfer::DescriptorChannel descriptor_channel_;
  OutputRedirect output_;
  bool told_of_output_ = false;  // that it cannot be redirected
  std::optional<platform::OwnResident> resident_;
  std::atomic<std::uint32_t>* stop_requests_ = nullptr;
  std::function<void()> look_for_stop_;
  bool watches_for_stop_ = false;
};

}  // namespace brood::worker
