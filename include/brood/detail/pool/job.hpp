#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <brood/detail/bytes.hpp>
#include <brood/detail/chrono.hpp>
#include <brood/detail/codec/archive.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/pool/input.hpp>
#include <brood/detail/pool/result_shape.hpp>
#include <brood/errors.hpp>
#include <brood/kill.hpp>
#include <brood/output.hpp>

// The seam between the typed skin and the pool's core: below this line there are only bytes.
namespace brood {

namespace detail {

/// The encoded arguments of a job: `count` records, each `stride` bytes, or, for stride 0, each
/// with its length (8 bytes) in front and ends[i] behind it.
struct Elements {
  Payload payload;
  std::size_t stride = 0;
  std::vector<std::size_t> ends;
  std::size_t count = 0;
};

enum class JobKind : std::uint8_t {
  single,  // one element, whose record is the whole payload without a length
  map,     // known number of elements
  stream,  // elements are appended while results are taken
};

/// What happens to the elements that have no error when one of them ends in one.
enum class ErrorPolicy : std::uint8_t { fail_fast, finish, isolate };

/// What a job runs: the code reference of its runner, then the state of its function.
struct Definition {
  Bytes bytes;
  std::uint64_t cost_key = 0;  // calls with the same key are expected to cost the same
};

/// What an element may do beside ending well, as its caller wants it; see CallOptions.
struct CallTerms {
  std::optional<std::chrono::nanoseconds> timeout;
  std::uint32_t crash_retries = 0, timeout_retries = 0, exception_retries = 0;
  Bytes retry_if;  // code reference of the predicate; empty: there is none
  std::chrono::nanoseconds retry_delay{};
  int priority = 0;
  std::optional<std::uint64_t> key;  // CallOptions::key
  Output output = Output::inherit;
  std::uint64_t output_limit = 0;  // bytes, of Output::capture
  bool operator==(const CallTerms&) const = default;
};

struct JobSpec {
  std::shared_ptr<const Definition> definition;
  std::shared_ptr<const CallTerms> terms;
  Elements elements;
  JobKind kind = JobKind::single;
  ErrorPolicy policy = ErrorPolicy::fail_fast;
  std::size_t chunk = 0;  // 0: adaptive
  // Where results of a fixed size are copied to as they arrive: element i at target + i *
  // results.stride.
  std::byte* target = nullptr;
  ResultShape results;
  // When it was handed in, where the pool records times.
  std::chrono::steady_clock::time_point queued{};
};

class SavedFailure;

/// How an element failed: an exception encoded in the worker, or one made here.
struct Failure {
  std::shared_ptr<const Bytes> encoded;
  WorkerIdentity worker;
  std::exception_ptr local;
  Attempts attempts;
  std::shared_ptr<SavedFailure> saved{};  // null: it is not kept for another run
};

/// What an element wrote; null: nothing.
using ElementOutput = std::shared_ptr<const std::string>;

/// Consecutive elements with results, or one element with a failure.
struct Piece {
  std::size_t first = 0;
  std::size_t count = 0;
  ResultShape shape;
  Bytes bytes;
  std::unique_ptr<Failure> failure;
  // Of each element with a result; null: none of them wrote anything, or that was not asked for.
  std::unique_ptr<std::vector<ElementOutput>> outputs{};
};

/// Whether a stream takes more input.
enum class Intake : std::uint8_t {
  open,
  /// The job has ended.
  ended,
  /// The pool is closed, and the thread that read the results has joined it, or has ended.
  cut_short,
};

/// One call, as its callers see it. The core fills it; many threads may wait.
class BROOD_API Job {
 public:
  virtual ~Job();
  virtual bool finished() const noexcept = 0;
  /// Waits until finished; false when the deadline came first.
  virtual bool wait(const Deadline& deadline) = 0;
  /// Takes the pieces that have arrived. Waits for one, or the end of the job, or the deadline; the
  /// result is empty then.
  virtual std::vector<Piece> take_pieces(const Deadline& deadline) = 0;
  /// All pieces, for a finished job from which none have been taken.
  virtual std::span<const Piece> pieces() const noexcept = 0;
  /// Why the whole job failed, null when it did not. Decodes the exception in the calling thread,
  /// and counts as having observed it.
  virtual std::exception_ptr error() const = 0;
  /// Whether a finished job has an error.
  virtual bool failed() const noexcept = 0;
  /// From now on an error that was never observed is reported when the job is dropped.
  virtual void report_unobserved() noexcept = 0;
  /// Elements that have their outcome.
  virtual std::size_t done() const noexcept = 0;
  /// Of these, the ones whose outcome is an error.
  virtual std::size_t failures() const noexcept = 0;
  /// True if at least one element will not run because of this call, and the job ends as Cancelled.
  virtual bool cancel(Kill kill) = 0;
  /// Calls `callback` on the pool's callback thread when finished; soon, when that is so already.
  /// Meanwhile the result may be dropped: a callback that reads it holds a handle of the job.
  virtual void when_finished(std::function<void()> callback) = 0;
  /// Of a stream, before more input is taken for it: from now on the calling thread is the one that
  /// brings it.
  virtual Intake intake() = 0;
  /// More elements for a stream that is open.
  virtual void extend(Elements more, Input input) = 0;
};
using JobHandle = std::shared_ptr<Job>;

/// Before an exception takes the caller's frame, and with it memory that the job may have
/// borrowed.
inline void call_off(Job& job) {
  job.cancel(Kill::no);
  job.wait({});
}

/// The exception that `failure` of element `index` stands for.
BROOD_API std::exception_ptr to_exception(const Failure& failure, std::size_t index);
[[noreturn]] BROOD_API void throw_timeout();
[[noreturn]] BROOD_API void throw_not_ready();
[[noreturn]] BROOD_API void throw_moved_from(const char* what);
/// PoolClosed, for input that was left when the thread that read the results had joined the pool.
BROOD_API std::exception_ptr joined_too_early();

/// Takes the result of a call while it arrives.
class ArrivingResult {
 public:
  /// Decodes it from `bytes`, which block until more is there, and keeps it or what is thrown.
  virtual void take(Reader bytes) = 0;

 protected:
  ~ArrivingResult() = default;
};

/// A pool below its types.
class PoolCore {
 public:
  /// Hands a job to the pool. Throws PoolClosed, UsageError.
  virtual JobHandle submit(JobSpec&& spec) = 0;
  /// Same for a single one; drives an idle worker from the calling thread until it is finished,
  /// where there is one. Then `arriving`, if not null, is given a large result: the job's piece has
  /// no bytes.
  virtual JobHandle call(JobSpec&& spec, ArrivingResult* arriving) = 0;
  /// The calling thread goes on without the result of `job`. Where elements run in the threads of
  /// callers, it has run when this returns.
  virtual void let_begin(Job& job) = 0;

 protected:
  ~PoolCore() = default;
};

/// A definition from its bytes: adds the key.
BROOD_API std::shared_ptr<const Definition> make_definition(Bytes bytes);

}  // namespace detail
}  // namespace brood
