#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <brood/options.hpp>
#include "pool/calls/call_job.hpp"
#include "pool/driver/host.hpp"
#include "pool/driver/job_table.hpp"
#include "pool/driver/worker_link.hpp"
#include "pool/driver/worker_table.hpp"
#include "pool/scheduler/scheduler.hpp"

namespace brood::pool {

struct DriverConfig {
  std::string method;  // name of the start method, for StartError
  Limits limits;
};

/// A pool without threads, descriptors and clocks: events and the time come in as calls; what is to
/// be done goes out through the Host, the links and the jobs. It stands between the scheduler,
/// which decides, workers and calls. README.md has the rules. Threads: any, one at a time, under
/// the core's lock. The functions below "dispatcher" are for its thread alone; the others leave
/// what needs that thread for the next turn().
class Driver {
 public:
  /// Nothing else tells the scheduler anything. `callbacks` is what jobs post to.
  Driver(DriverConfig config, Scheduler& scheduler, Host& host, Callbacks& callbacks);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver();

  // --- any thread: calls ---
  /// Takes a job of `count` elements; more may come unless it is `last`. Its id is set.
  void add(const std::shared_ptr<CallJob>& job, const JobTraits& traits, std::size_t count,
           bool last);
  void extend(const CallJob& job, std::size_t count, bool last);
  /// Cancels a job, or one element of it (Action::all: the job). Whether something will not run
  /// because of that: then it ends as cancelled.
  bool cancel(JobId job, std::size_t element, Kill kill, Time now);
  /// `draining` is for the dispatcher alone.
  void close(Closing how, Time now);
  /// Streams whose reader cannot bring input any more get none.
  void cut_streams_short();

  // --- any thread: a worker that is driven by its caller ---
  /// An idle worker for a job that has just been added, with the task in its outbox; null if there
  /// is none, or others wait.
  WorkerLink* borrow(CallJob& job, Time now);
  /// The caller has read from the worker (`moved`), or could not, for `error` or the worker's end.
  /// Nothing while there is more to come; else the link has been given back, and it says whether
  /// the dispatcher has something to do.
  std::optional<bool> heard(WorkerLink& link, CallJob& job, bool moved, std::exception_ptr error,
                            Time now);
  /// The caller goes by an exception: the worker is of no use any more, and the job has failed.
  void give_back_broken(WorkerLink& link, CallJob& job, Time now);

  // --- dispatcher: workers ---
  void started(std::unique_ptr<WorkerLink> link, Time now);
  void start_failed(WorkerId id, std::exception_ptr why, StartFailure kind, Time now);
  /// Bytes have been read into the link's stream.
  void received(WorkerLink& link, Time now);
  /// What the worker sends cannot be read, or it cannot be written to, for this reason.
  void unreadable(WorkerLink& link, const std::exception_ptr& error, Time now);
  void stream_ended(WorkerLink& link, Time now) { workers_.stop_when_silent(link, now); }
  /// The worker is to be stopped for what has been seen of its process. For `memory` its `oversize`
  /// has been set.
  void stop(WorkerLink& link, StopReason why, Time now);

  // --- dispatcher: time ---
  /// The slots in which a new pool has processes at once, whose starts it asks for itself.
  std::vector<WorkerId> first_starts(Time now);
  /// Does all that is due. True when the pool has ended: no worker is left and none will come.
  bool turn(Time now);
  /// When the next turn is wanted if nothing happens.
  std::optional<Time> next_turn(Time now) const;
  /// This process was stopped for so long, until now: that counts for no limit.
  void skip(Time now, Nanoseconds stopped) { scheduler_.skip(now, stopped); }
  /// Every call ends by `reason`, and nothing is done any more. The workers are the host's to end.
  void collapse(const std::exception_ptr& reason) noexcept;

  const Scheduler& scheduler() const noexcept { return scheduler_; }
  const WorkerTable& workers() const noexcept { return workers_; }

 private:
  class Events;
  /// What a caller is cancelling.
  struct Cancelling {
    JobId job;
    std::size_t element;
    bool done;
  };

  // actions.cpp
  void act();
  void act_within_call();
  bool is_for_dispatcher(const Action& action) const;
  void carry_out(const Action& action);
  void carry_out(const Action& action, WorkerLink& link);
  void answer(const Action& question);
  void note_cancelled(const Action& action);
  std::exception_ptr why_cancelled() const;
  void send(WorkerLink& link, const Action& action);
  void finish(const Action& action);
  void detach(JobId job);
  void over(const Action& action, bool referred_to);
  void tell_forgotten(WorkerLink& link);
  void fail(CallJob& job, const std::exception_ptr& error);
  void keep(JobTable::Kept kept, JobId job);
  // workers.cpp
  void parse(WorkerLink& link);
  Running look(WorkerLink& link);
  void look_at_pages();
  void offer_idle_workers();
  void set_borrowable(WorkerLink& link, bool borrowable);
  void reap_ended();
  void reap(WorkerLink& link, const Death& death);
  void read_the_rest(WorkerLink& link) noexcept;
  void parse_page_of_the_dead(WorkerLink& link);
  protocol::PageWatch::Known known(const WorkerLink& link) const;
  void note_failed_start(WorkerLink& link, const Death& death);
  std::optional<std::uint64_t> begun_by_the_dead(WorkerLink& link);
  void broken(WorkerLink& link, const std::exception_ptr& error) noexcept;
  void break_link(WorkerLink& link, const std::exception_ptr& error) noexcept;
  void bound_attached();
  void give_back(WorkerLink& link, CallJob& job) noexcept;

  const DriverConfig config_;
  Host& host_;
  Scheduler& scheduler_;
  JobTable jobs_;
  WorkerTable workers_;
  std::vector<WorkerExit> exits_;  // by slot: of the last process
  std::deque<Action> deferred_;    // for the dispatcher
  std::optional<Cancelling> cancelling_;
  std::exception_ptr start_error_;  // why workers do not start
  Time last_look_{};                // at the pages
  Time now_{};                      // of the last call that told the time
};

}  // namespace brood::pool
