#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <brood/detail/pool/run.hpp>
#include "fiber.hpp"
#include "plan.hpp"
#include "platform/mapping.hpp"
#include "protocol/messages.hpp"
#include "protocol/page.hpp"
#include "wire/frame.hpp"
#include "worker/session.hpp"

namespace brood::simulation {

class Referee;

/// A worker process: the worker's real session on a fiber, and the process that it
/// runs in. It can be killed
/// wherever it pauses.
class Process final : private worker::SessionProcess {
 public:
  enum class Wait : std::uint8_t { none, wake_up, sleeping };

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
  std::vector<std::byte> reports;  // in its socket: wake-ups, if all is well
  bool caller_is_woken = false;    // since it has fallen asleep, as below
  bool is_woken = false;
  bool is_asked_to_stop = false;        // its thread for that is awake
  std::uint64_t runs = 0;               // calls of run()
  std::size_t waiting_descriptors = 0;  // descriptors of shared objects that wait for the owner
  std::multiset<JobId> sent_handles;    // those that wait for the session, by job
  protocol::WorkerPage& page() const noexcept {
    return *static_cast<protocol::WorkerPage*>(memory_.data());
  }
  /// Whether the owner has read all that it has told.
  bool is_heard() const noexcept { return page().closed.load() == page().tail.load(); }
  bool alive() const noexcept { return alive_; }
  /// Whether an element has closed its end of the socket.
  bool has_hung_up() const noexcept { return hung_up_; }
  /// Its main thread has ended, and it has another one that waits for ever.
  void lose_main_thread() noexcept { deaf_ = without_main_thread_ = true; }
  bool has_no_main_thread() const noexcept { return alive_ && without_main_thread_; }
  /// Whether it can go on now.
  bool runnable() const;
  Time wakes_at() const noexcept { return wakes_at_; }
  Wait waits_for() const noexcept { return wait_; }
  /// Takes note of what the owner has written since the last call, before the worker can see it.
  void note_tasks();
  /// A job whose function it has been sent and not been told to forget.
  std::optional<JobId> known_job() const;
  /// Whether it sleeps until a wake-up for tasks.
  bool waits_for_tasks() const;
  /// Whether it has read a part of a frame, and waits for another.
  bool is_within_a_frame() const;
  /// Whether it sleeps although what it waits for has come.
  bool sleeps_too_long() const;
  /// Lets it run until it pauses or ends.
  void run();
  void kill();

 private:
  struct Killed {};
  /// A frame that the owner has written.
  struct Task {
    std::uint64_t start, end;  // positions in the stream
    protocol::Type type;
    JobId job;  // of a definition, of elements, or to be forgotten
  };
  class Function;
  void resume();
  void body();
  void start_up(worker::Session& session);

  // --- elements ---
  static void run_elements(detail::Run& run);
  void run_each(detail::Run& run, JobId job, const JobPlan& plan);
  void run_folded(detail::Run& run, JobId job, const JobPlan& plan);
  bool claim(detail::Run& run, const JobPlan& plan);
  void stamp();
  std::size_t begin(detail::Run& run, JobId job, const JobPlan& plan);
  void check_argument(Reader argument, JobId job, std::size_t index, const JobPlan& plan);
  void live_through(detail::Run& run, const JobPlan& plan);
  void listen(detail::Run& run, double nanoseconds);
  void hang_up();
  void attach(detail::Run& run);
  void put(detail::Run& run, JobId job, std::size_t index, const JobPlan& plan);
  void fail(detail::Run& run, const JobPlan& plan);
  void grow_old();
  void write_log();
  void write_garbage();

  // --- worker::SessionProcess ---
  void wake_owner() override;
  void wake(std::atomic<std::uint32_t>& word) override;
  bool look(const std::atomic<std::uint64_t>& word, std::uint64_t value) override;
  void sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) override;
  std::chrono::steady_clock::time_point now() override;
  bool send_descriptor(std::uint64_t job, const detail::DescriptorRef& descriptor) override;
  void wait_for_descriptor_channel() override { pause(Wait::none); }
  void receive_descriptors() override { handles_.merge(sent_handles); }
  void drop_descriptors(std::uint64_t job) override;
  void watch_for_stop_requests() override { maybe_pause(); }
  std::uint64_t resident() override;
  void end_if_copy() noexcept override {}
  void tell_of_copies() override { maybe_pause(); }
  bool is_serving_thread() const noexcept override { return !in_another_thread_; }
  [[noreturn]] void end(int code) override;
  void maybe_become_deaf();
  const Task* task_in_use() const;
  void see_what_is_read();
  void see_next();
  void check_what_it_knows() const;
  void count_a_run();
  void note_task(const wire::Frame& frame);
  void spoil_what_was_read();
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
  void change(const Task& task);
  void forget_the_owner();
  void drop_what_is_in_use();

  static Process* running_;  // whose fiber is the one that runs

  Environment& environment_;
  Referee& referee_;
  bool alive_ = true, dying_ = false, deaf_ = false, without_main_thread_ = false,
       in_another_thread_ = false, hung_up_ = false;
  platform::SharedMapping memory_;  // of the page
  Wait wait_ = Wait::none;
  Time wakes_at_{}, stamped_{};
  worker::Session* session_ = nullptr;
  wire::FrameParser written_{1024};      // by the owner
  std::uint64_t noted_ = 0;              // position in that stream
  std::deque<Task> tasks_;               // of it, that the session has not seen
  std::set<JobId> sent_;                 // jobs whose definitions are in it
  std::set<JobId> defined_, to_forget_;  // as the frames that it has read say
  std::multiset<JobId> functions_;       // that the session keeps
  std::multiset<JobId> handles_;         // by job
  std::uint64_t slept_from_ = 0;         // position of the owner's when it fell asleep
  std::uint64_t old_fence_ = 0, old_closed_ = 0;
  std::uint64_t spoilt_tasks_ = 0, spoilt_results_ = 0, results_seen_ = 0;  // positions
  bool writes_garbage_ = false;
  Fiber fiber_;
};

}  // namespace brood::simulation
