#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include <brood/detail/pool/run.hpp>
#include "fiber.hpp"
#include "pipe.hpp"
#include "plan.hpp"
#include "platform/mapping.hpp"
#include "protocol/page.hpp"
#include "wire/frame.hpp"
#include "worker/session.hpp"

namespace brood::simulation {

class Referee;

/// A worker process: the worker's real session on a fiber, and the host of it. It can be killed
/// wherever it pauses.
class Process final : private worker::SessionHost {
 public:
  enum class Wait : std::uint8_t { none, reading, room, sleeping };

  Process(Environment& environment, Referee& referee, WorkerId worker, std::uint64_t number);
  ~Process();

  /// What an owner sends of a job: its function, as a code reference and the state.
  static detail::Bytes definition_of(JobId job);
  /// And what is asked of its exceptions: nothing where all of them are to be tried again.
  static detail::Bytes retry_if_of(const JobPlan& plan);
  /// The first message to a worker.
  static detail::Bytes setup_of(const Parameters& parameters);

  const WorkerId slot;
  const std::uint64_t pid;
  Pipe tasks;
  std::size_t wake_ups = 0;  // that it has sent and the owner has not taken
  bool caller_is_woken = false;
  bool garbage = false;                 // among them is something else
  std::size_t waiting_descriptors = 0;  // descriptors of shared objects that wait for the owner
  protocol::WorkerPage& page() const noexcept {
    return *static_cast<protocol::WorkerPage*>(memory_.data());
  }
  /// Whether the owner has read all that it has told.
  bool is_heard() const noexcept { return page().closed.load() == page().tail.load(); }
  bool alive() const noexcept { return alive_; }
  /// Whether it can go on now.
  bool runnable() const;
  Time wakes_at() const noexcept { return wakes_at_; }
  Wait waits_for() const noexcept { return wait_; }
  /// Lets it run until it pauses or ends.
  void run();
  void kill();

 private:
  struct Killed {};
  class Function;
  void resume();
  void body();
  void start_up(worker::Session& session);

  // --- elements ---
  static void run_elements(detail::Run& run);
  void run_each(detail::Run& run, JobId job, const JobPlan& plan);
  void run_folded(detail::Run& run, JobId job, const JobPlan& plan);
  bool claim(detail::Run& run, const JobPlan& plan);
  std::size_t begin(detail::Run& run, JobId job, const JobPlan& plan);
  void check_argument(Reader argument, JobId job, std::size_t index, const JobPlan& plan);
  void live_through(detail::Run& run, const JobPlan& plan);
  void attach(detail::Run& run);
  void put(detail::Run& run, JobId job, std::size_t index, const JobPlan& plan);
  void fail(detail::Run& run, const JobPlan& plan);
  void write_log();
  void write_garbage();

  // --- the host ---
  std::size_t read(std::span<std::byte> target) override;
  void wake_owner() override;
  void wake(std::atomic<std::uint32_t>& word) override;
  void sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) override;
  std::chrono::steady_clock::time_point now() override;
  bool send_descriptor(std::uint64_t job, const detail::DescriptorRef& descriptor) override;
  void wait_for_descriptor_channel() override { pause(Wait::none); }
  void receive_descriptors() override {}
  void drop_descriptors(std::uint64_t job) override;
  std::uint64_t resident() override;
  void end_if_copy() noexcept override {}
  void tell_of_copies() override { maybe_pause(); }
  bool is_serving_thread() const noexcept override { return !in_another_thread_; }
  [[noreturn]] void end(int code) override;
  void wait_for_input();
  void see(std::span<const std::byte> bytes);
  void note(const wire::Frame& frame);
  void check_what_it_knows() const;
  void be_deaf();
  void show_the_torn_end();
  void pause(Wait wait);
  void maybe_pause();
  void pass(double nanoseconds);

  // --- mutations ---
  bool mutate(Mutation mutation);
  void change_the_page();
  void close_too_early();
  void store_the_head_first();
  std::size_t read_changed(std::span<std::byte> target);
  void change(const wire::Frame& frame);

  static Process* running_;  // whose fiber is the one that runs

  Environment& environment_;
  Referee& referee_;
  bool alive_ = true, dying_ = false, deaf_ = false, in_another_thread_ = false;
  platform::SharedMapping memory_;  // of the page
  Wait wait_ = Wait::none;
  std::uint32_t room_seen_ = 0;  // see sleep()
  Time wakes_at_{}, stamped_{};
  worker::Session* session_ = nullptr;
  wire::FrameParser seen_{1024};         // what the session has read
  std::set<JobId> defined_, to_forget_;  // as the frames that it has read say
  std::multiset<JobId> functions_;       // that the session keeps
  std::vector<std::byte> changed_;       // by a mutation, and not read yet
  std::uint64_t old_fence_ = 0, old_closed_ = 0;
  Fiber fiber_;
};

}  // namespace brood::simulation
