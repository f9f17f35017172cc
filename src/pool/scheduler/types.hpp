#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <brood/detail/pool/input.hpp>

namespace brood::pool {

using Time = std::chrono::steady_clock::time_point;
using Nanoseconds = std::chrono::nanoseconds;
using JobId = std::uint64_t;  // never reused
// A slot: the processes that follow each other in it share the number.
using WorkerId = std::uint32_t;
using detail::Input;

/// Where the scheduler keeps a job: the low half of its id.
constexpr std::uint32_t slot_of(JobId id) { return static_cast<std::uint32_t>(id); }

/// Time::max(), which is never, where the sum would be later.
constexpr Time plus(Time start, Nanoseconds wait) {
  return wait < Time::max() - start ? start + wait : Time::max();
}

constexpr Nanoseconds default_start_timeout = std::chrono::seconds(60);

/// What has become of a worker, or of its channel.
enum class WorkerEvent : std::uint8_t {
  start_failed,        // no process could be started in its slot
  short_of_resources,  // likewise, for want of processes, descriptors or memory: that may pass
  started,             // its process is there
  ready,               // it may be sent something
  // These two say why it will not be ready. Its end is yet to come:
  initializer_failed,
  killed_from_outside,  // by a signal, which means little for the next start
  exhausted,            // it is to get no more: it leaves, and a new one takes its place
  hung_up,              // likewise, behind what it has: its socket is closed
  borrowable,           // the dispatcher has let go of its descriptors
  not_borrowable,       // the dispatcher has taken them up again
  given_back,           // the caller drives it no longer; outcomes have been reported as always
};

/// Why a worker is stopped.
enum class StopReason : std::uint8_t {
  none,               // nothing is wrong with it
  unreadable,         // what it sends cannot be understood, or it cannot be reached
  memory,             // it has taken too much
  descriptors,        // its results bring more of them than this process has room for
  main_thread_ended,  // its main thread has ended
  unbegun,            // it has not begun in time what it was sent
  unreported,         // it does not report what has become of what it has ended
  unresponsive,       // it does not see that elements have been taken back
};

struct SchedulerConfig {
  std::uint32_t workers = 1;                 // at most
  std::optional<std::uint32_t> min_workers;  // that live without work; nothing: all of them
  Nanoseconds idle_timeout{};                // after which one more than these leaves; 0: never
  Nanoseconds max_age{};                     // after which a process is replaced; 0: never
  std::uint64_t max_tasks = 0;               // elements per process, 0: no limit
  Nanoseconds depth = std::chrono::milliseconds(2);  // work that a worker is topped up to
  // After which a worker that reports nothing is looked at.
  Nanoseconds quiet = std::chrono::milliseconds(2);
  // After which what it has not begun waits with all others.
  Nanoseconds stuck = std::chrono::milliseconds(100);
  Nanoseconds first_backoff = std::chrono::milliseconds(10);  // between failing starts; doubles
  Nanoseconds last_backoff = std::chrono::seconds(1);
  Nanoseconds start_timeout = default_start_timeout;  // for a worker to become ready, and to leave
  std::uint32_t start_attempts = 3;  // failing starts in a row after which waiting jobs are failed
  Nanoseconds lack = std::chrono::seconds(5);  // that may pass, of what a process takes
  // Starts that a signal from outside has ended, that count as one of these.
  std::uint32_t outside_kills = 8;
  // What the owner's own clock allows, whatever a page says: README.md, "The owner's clock".
  Nanoseconds begin_grace = std::chrono::seconds(2);  // to begin what is next, beyond its timeout
  std::uint32_t last_grace = 4;  // times as long for an element that was passed on already
  Nanoseconds per_mebibyte = std::chrono::milliseconds(125);  // more for what it has to read
  Nanoseconds answer = std::chrono::seconds(10);  // to report what has ended; to see a revocation
  Nanoseconds stop_grace = std::chrono::milliseconds(500);  // for an element that is asked to stop
  // Of workers over an element that they had not begun: with so many it is charged.
  std::uint32_t unbegun_deaths = 8;
  std::size_t chunk_bytes = 256 * 1024;
  std::size_t queue_bytes = 1024 * 1024;  // sent to one worker and not resolved
  std::size_t queue_elements = 4096;      // singles likewise
};

/// How often an element may run again, counted apart for each way in which it ends badly.
struct Retries {
  std::uint32_t crashes = 0, timeouts = 0, exceptions = 0;
  std::uint32_t sum() const noexcept { return crashes + timeouts + exceptions; }
  bool operator==(const Retries&) const = default;
};

struct JobTraits {
  bool self_contained = false;  // every chunk brings the definition; no worker keeps it
  bool fail_fast = true;
  bool folded = false;  // one result for several elements; most are reported at the chunk's end
  std::optional<Nanoseconds> timeout;
  Retries retries;
  Nanoseconds retry_delay{};  // before the second attempt; doubles with each further one
  int priority = 0;           // higher ones are served first
  std::size_t chunk = 0;      // elements; 0: adaptive
  std::uint64_t cost_key = 0;
  std::optional<std::uint64_t> key;  // of elements that one worker should run
  std::size_t element_bytes = 0;     // of an argument, on average
  std::size_t definition_bytes = 0;
};

/// How a job ended, as a whole.
enum class JobEnd : std::uint8_t { complete, failed, cancelled, no_workers };
/// How an element ended that its worker could not report.
enum class ElementFailure : std::uint8_t { lost, timed_out, cancelled };
/// What an outcome is to the scheduler: wanted, of a job that is finished, of an element that is
/// tried again, or of no element that the worker was sent.
enum class Reception : std::uint8_t { wanted, unwanted, again, nonsense };
/// How the pool is to end.
enum class Closing : std::uint8_t {
  when_done,   // what has been given to it runs
  draining,    // what runs may end; jobs that have more than that end as cancelled then
  terminated,  // every job ends as cancelled, and every worker is stopped
  abandoned,   // nothing is asked of the scheduler any more; it only says that the pool closes
};

struct Outcomes {
  JobId job;
  std::size_t first, count;
  std::uint64_t elapsed;  // ns
  bool failed;
  bool retryable = false;  // a failed one that may be tried again
};

struct Assignment {
  WorkerId worker;
  JobId job;
  std::size_t first, count;
  std::uint64_t sequence;
  std::uint32_t attempt;
  bool define;  // the job is new to this worker
};

/// What the driver is to do. `look` and `revoke` are answered at once, under the same lock
/// (Scheduler::answer).
struct Action {
  enum class Kind : std::uint8_t {
    send,         // `assignment`
    resolve,      // element `first` of `job` ended by `failure` in `worker`
    again,        // likewise, and will be tried again
    cancelled,    // element `first` of `job`, or `all` of it: what the last cancel() asked for
    finish,       // `job` by `end`
    over,         // `job`: nothing refers to it any more
    forget,       // `worker` may drop the definition of `job`
    start,        // a process in slot `worker`
    leave,        // `worker` has nothing more to do: its tasks end
    look,         // how much of its sequence has `worker` begun, as its page has it?
    revoke,       // take back what `worker` has not begun, up to position `fence` of its sequence
    wake,         // `worker`: have it look at its page
    ask_to_stop,  // the element at position `fence` of `worker`, by its stop token
    stop,         // `worker`: SIGTERM, later SIGKILL
  };
  static constexpr std::size_t all = static_cast<std::size_t>(-1);
  Kind kind = Kind::resolve;
  ElementFailure failure = ElementFailure::lost;
  // resolve, again: the element, at position `fence`, has stopped by itself
  bool worker_lives = false;
  JobEnd end = JobEnd::complete;
  WorkerId worker = 0;
  JobId job = 0;
  std::size_t first = 0;
  std::uint64_t fence = 0;
  Assignment assignment{};
  StopReason why = StopReason::none;  // stop
};

/// The answer to `look` and `revoke`.
struct Begun {
  std::uint64_t count;   // how much of its sequence the worker has begun
  bool doubted = false;  // its page makes no sense: a tick is wanted at once
  // The position + 1 of the element that has asked for its stop token, as its page says; 0: none.
  std::uint64_t stoppable = 0;
};

/// What a worker's page says of the element that runs. The scheduler believes it as far as its own
/// clock allows: README.md.
struct Running {
  WorkerId worker;
  std::uint64_t claimed;
  Time since;                   // for jobs with a timeout
  std::uint64_t stoppable = 0;  // as in Begun
};

/// A worker, as it stands.
struct WorkerView {
  const char* state;
  std::uint64_t done;  // elements
  std::uint64_t sent;  // length of its sequence
  bool idle;           // it has nothing to do
  bool free;           // it is ready, idle, and would get what comes next
  bool came_up;        // it has been ready
  bool used_up;        // it is to leave when it has nothing to do
};

/// The pool, as it stands.
struct PoolView {
  bool closing, terminated;
  bool drained;     // no job is left
  bool all_gone;    // no worker is left, and none is asked for
  bool backlog;     // jobs wait for a worker
  bool wants_pump;  // pump() has something to hand out
  bool busy;        // a worker starts, or holds something
};

}  // namespace brood::pool
