#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace brood::pool {

using Time = std::chrono::steady_clock::time_point;
using Nanoseconds = std::chrono::nanoseconds;
using JobId = std::uint64_t;  // never reused
using WorkerId =
    std::uint32_t;  // a slot: the processes that follow each other in it share the number

/// Where the scheduler keeps a job: the low half of its id.
constexpr std::uint32_t slot_of(JobId id) { return static_cast<std::uint32_t>(id); }

constexpr Nanoseconds default_start_timeout = std::chrono::seconds(60);

enum class StartFailure : std::uint8_t {
  lack,  // of processes, descriptors or memory: that may pass
  other,
};

struct SchedulerConfig {
  std::uint32_t workers = 1;                 // at most
  std::optional<std::uint32_t> min_workers;  // that live without work; nothing: all of them
  Nanoseconds idle_timeout{};                // after which one more than these leaves; 0: never
  Nanoseconds max_age{};                     // after which a process is replaced; 0: never
  std::uint64_t max_tasks = 0;               // elements per process, 0: no limit
  Nanoseconds depth = std::chrono::milliseconds(2);  // work that a worker is topped up to
  Nanoseconds quiet =
      std::chrono::milliseconds(2);  // after which a worker that tells nothing is looked at
  Nanoseconds stuck =
      std::chrono::milliseconds(100);  // after which what it has not begun waits with all others
  Nanoseconds first_backoff = std::chrono::milliseconds(10);  // between failing starts; doubles
  Nanoseconds last_backoff = std::chrono::seconds(1);
  Nanoseconds start_timeout = default_start_timeout;  // for a worker to become ready, and to leave
  std::uint32_t start_attempts = 3;  // failing starts in a row after which waiting jobs are failed
  Nanoseconds lack = std::chrono::seconds(5);  // that may pass, of what a process takes
  std::uint32_t strikes =
      8;  // starts that a signal from outside has ended, that count as one of these
  // What the owner's own clock allows, whatever a page says: README.md, "The owner's clock".
  Nanoseconds begin_grace = std::chrono::seconds(2);  // to begin what is next, beyond its timeout
  std::uint32_t last_grace = 4;  // times as long for an element that was passed on already
  Nanoseconds per_mebibyte = std::chrono::milliseconds(125);  // more for what it has to read
  Nanoseconds answer = std::chrono::seconds(10);  // to tell what has ended; to see a revocation
  std::uint32_t passes = 8;  // deaths of workers over an element that they had not begun
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

/// An element that workers had next and had not begun when they lost it.
struct Unbegun {
  std::uint32_t deaths = 0;  // of such workers
  Nanoseconds time{};        // for which it was next in them
  bool passed_on = false;    // that is too long: the worker that has it now is the last
};

inline bool is_in(const std::vector<std::size_t>& elements, std::size_t index) {
  return std::find(elements.begin(), elements.end(), index) != elements.end();
}

/// What elements of a function cost.
struct Cost {
  double mean = 0;  // ns
  std::uint64_t samples = 0;
  std::size_t largest = 0;  // chunk that has come back
};

/// An element that waits before it is tried again.
struct Delayed {
  JobId job;
  std::size_t index;
};

struct JobTraits {
  bool self_contained = false;  // every chunk brings the definition; no worker keeps it
  bool fail_fast = true;
  bool folded = false;  // a chunk has one result, at its end
  std::optional<Nanoseconds> timeout;
  Retries retries;
  Nanoseconds retry_delay{};  // before the second attempt; doubles with each further one
  int priority = 0;           // higher ones are served first
  std::size_t chunk = 0;      // elements; 0: adaptive
  std::uint64_t cost_key = 0;
  std::size_t element_bytes = 0;  // of an argument, on average
  std::size_t definition_bytes = 0;
};

/// How a job ended, as a whole.
enum class Verdict : std::uint8_t { complete, failed, cancelled, no_workers };
/// How an element ended that its worker could not tell about.
enum class Fate : std::uint8_t { lost, timed_out, cancelled };

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

struct Action {
  enum class Kind : std::uint8_t {
    send,     // `assignment`
    resolve,  // element `first` of `job` ended by `fate` in `worker`
    again,    // likewise, and will be tried again
    finish,   // `job` by `verdict`
    over,     // `job`: nothing refers to it any more
    forget,   // `worker` may drop the definition of `job`
    start,    // a process in slot `worker`
    leave,    // `worker` has nothing more to do: close its task pipe
    nudge,    // `worker`: have it look at its claims
    stop,     // `worker`: SIGTERM, later SIGKILL
  };
  Kind kind;
  WorkerId worker = 0;
  JobId job = 0;
  std::size_t first = 0;
  Fate fate = Fate::lost;
  Verdict verdict = Verdict::complete;
  Assignment assignment{};
  const char* why = nullptr;  // stop: what the worker has done wrong; null: nothing
};

/// What a worker's page says of the element that runs. The scheduler believes it as far as its own
/// clock allows.
struct Running {
  WorkerId worker;
  std::uint64_t claimed;
  Time since;  // for jobs with a timeout
};

/// The claims of living workers: the only thing that the scheduler asks for and does not get as an
/// event, because the answer decides at once. Workers with a page only.
class Claims {
 public:
  /// How much of its sequence `worker` has begun.
  virtual std::uint64_t begun(WorkerId worker) const = 0;
  /// Takes back what `worker` has not begun, up to position `fence` of its sequence; returns how
  /// much it has begun.
  virtual std::uint64_t revoke(WorkerId worker, std::uint64_t fence) = 0;

 protected:
  ~Claims() = default;
};

struct WorkerView {
  const char* state;
  std::uint64_t done;
};

}  // namespace brood::pool
