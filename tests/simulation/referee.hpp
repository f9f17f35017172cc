#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plan.hpp"
#include "pool/scheduler/scheduler.hpp"

namespace brood::simulation {

class Process;

/// Knows the truth, sees everything that is said and done, and throws a Violation when the two do
/// not fit. README.md lists what it checks.
class Referee {
 public:
  explicit Referee(Environment& environment) : environment_(environment) {}

  // --- what users do ---
  void added(JobId job, const JobPlan& plan, std::size_t count, bool last);
  void extended(JobId job, std::size_t count, bool last);
  void cancelled(JobId job, bool with_success);
  void cancelled(JobId job, std::size_t index);
  /// It could not be cancelled any more, and is not to be tried again.
  void has_last_attempt(JobId job, std::size_t index) { element(job, index).last = true; }
  bool has_outcome(JobId job, std::size_t index) { return element(job, index).settled; }
  std::size_t size(JobId id) { return job(id).elements.size(); }
  void closed() { closed_ = true; }
  void terminated() { closed_ = terminated_ = true; }
  /// The pool was terminated, or has collapsed: nothing is written any more.
  bool has_ended() const noexcept { return terminated_ || collapsed_; }
  void collapsed() { closed_ = collapsed_ = true; }
  /// No part of the owner has run for so long, until now.
  void stood_still(Nanoseconds time);
  /// No signal ends it.
  void cannot_be_ended(const Process& process);
  void without_main_thread(const Process& process) { record(process).without_main_thread = true; }
  /// The caller that drives the process for the job leaves by an exception.
  void deserted(const Process& process, JobId job);
  /// The caller that drives the process has not got the whole of a result, for the worker or the
  /// pool has ended.
  void cut(const Process& process) { record(process).cut = true; }
  const JobPlan& plan(JobId job);

  // --- what happens in worker processes ---
  void begun(const Process& process, JobId job, std::size_t index, std::uint32_t attempt,
             Time since);
  /// The element that runs has asked for its stop token.
  void listens(const Process& process);
  void telling(const Process& process, bool failed, bool retryable);
  void told(const Process& process);
  void spoilt(const Process& process);
  void left(const Process& process);
  /// It has more memory than it may have.
  void exhausted(const Process& process);
  void note(const Violation& violation) {
    if (!noted_) noted_ = violation;
  }
  /// Throws what was noted where nothing may be thrown.
  void rethrow() const {
    if (noted_) throw *noted_;
  }

  // --- what the owner does ---
  void starting(WorkerId worker);
  void started(const Process& process);
  void start_failed(WorkerId worker);
  void ready(const Process& process);
  void sent(const pool::Assignment& assignment);
  void revoked(const Process& process, std::uint64_t claimed, std::uint64_t fence);
  /// Whether the worker holds nothing, and has a revocation to see.
  bool has_only_a_revocation(const Process& process) const;
  void acknowledged(const Process& process, std::uint64_t fence);
  void told_by(const Process& process, const pool::Outcomes& outcomes, pool::Reception told);
  void broken(const Process& process);
  /// The owner knows that its socket is closed.
  void hung_up(const Process& process) { record(process).hung_up = true; }
  /// It has told that it is exhausted.
  void retired(const Process& process);
  /// The element at this position is to end, and listens to its stop token.
  void asked_to_stop(WorkerId worker, std::uint64_t sequence);
  void stopping(WorkerId worker, pool::StopReason why);
  void leaving(WorkerId worker);
  void forgets(WorkerId worker, JobId job);
  void woken(WorkerId worker);
  /// The process is dead and drained; `claimed` as its page says.
  void gone(const Process& process, std::uint64_t claimed);
  void resolved(const pool::Action& action);
  void tried_again(const pool::Action& action);
  void finished(JobId job, pool::JobEnd end);
  void over(JobId job);
  /// The waiter for the job knows that it has ended.
  void caller_told(JobId job);

  /// Whether every job is over.
  bool idle() const noexcept { return live_ == 0; }
  /// At the end of the world, when no process is left.
  void check_the_end() const;

 private:
  struct Element {
    std::uint32_t executions = 0;
    std::uint32_t charges = 0;   // executions that ended by their own fault
    std::uint32_t doubtful = 0;  // may be the element's fault, may be its neighbour's
    std::uint32_t excuses = 0;   // ended by a stop for another's sake
    std::uint32_t passes = 0;    // deaths of workers for which it was next
    std::uint32_t thrown = 0;    // exceptions that led to another attempt
    Time not_before{};           // the next attempt
    bool last = false;           // attempt
    bool garbled = false;        // it was begun in front of garbage
    bool listens = false;        // the last time
    bool settled = false, failed = false, retryable = false, computed = false, cancelled = false;
    const Process* holder = nullptr;
  };
  struct Job {
    JobPlan plan;
    std::vector<Element> elements;
    std::size_t settled = 0, held = 0;
    bool ending = false;  // finished, or about to be
    bool sealed = false, finished = false, over = false, cancelled = false, has_error = false;
    bool told = false;      // its caller
    bool deserted = false;  // by it
    bool last = false;      // of each element this attempt
  };
  struct Held {
    std::uint64_t sequence;
    JobId job;
    std::size_t index;
  };
  struct Execution {
    JobId job;
    std::size_t index;
    Time since;
    bool telling = false;
  };
  struct Record {
    std::deque<Held> held;
    std::deque<std::uint64_t> chunks;  // where each starts
    std::uint64_t sequence = 0, begun = 0, given = 0;
    std::optional<std::uint64_t> fence;  // of a revocation that is not acknowledged
    Time fenced_at{};
    bool woken = false;  // since then
    std::optional<Execution> current, at_stop;
    Time stopped_at{}, started_at{}, heard_at{};
    std::optional<std::uint64_t> asked_to_stop;  // position of the element that is to end
    Time asked_at{};
    bool asked_late = false;  // the limit of that was over
    std::vector<JobId> knows;
    bool ready = false, leaving = false, stopped = false, broken = false, spoilt = false,
         owes = false;
    bool exhausted = false, retired = false, cut = false, without_main_thread = false,
         endless = false, hung_up = false;
  };
  struct Slot {
    const Process* process = nullptr;
    bool starting = false;
  };

  void require(bool condition, const char* what) const {
    if (!condition) throw Violation(what);
  }
  Job& job(JobId id);
  Record& record(const Process& process);
  Record& record_of(WorkerId worker);
  Element& element(JobId id, std::size_t index);
  void settle(Job& job, Element& element);
  void hold(const Process& process, Record& record, const Held& held);
  void release(const Held& held);
  void check_assignment(const Record& record, const Job& job,
                        const pool::Assignment& assignment) const;
  bool waits_in_vain(const Record& dead, const Held& held);
  static void doubt(Element& given_up);
  void note_passed(Element& next) const;
  void judge(Record& record, const Held& held);
  std::size_t least_workers() const;
  std::size_t population() const;
  bool anything_waits() const;
  bool may_leave(const Record& record);
  void delay(const Job& job, Element& element) const;

  Environment& environment_;
  std::unordered_map<JobId, Job> jobs_;
  std::unordered_map<const Process*, Record> records_;
  std::map<WorkerId, Slot> slots_;
  std::optional<Violation> noted_;
  std::size_t live_ = 0;
  bool closed_ = false, terminated_ = false, collapsed_ = false, start_has_failed_ = false;
};

}  // namespace brood::simulation
