#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/bytes.hpp>
#include <brood/detail/sandbox_terms.hpp>
#include <brood/limits.hpp>
#include "wire/code_ref.hpp"
#include "wire/frame.hpp"
#include "wire/preparation.hpp"

// What owner and worker say to each other. Headers are plain structs in the machine's byte order:
// both ends are the same program on the same machine, which the greeting checks.
namespace brood::protocol {

inline constexpr std::uint32_t version = 6;
/// Bytes that a frame of a worker's may have beyond the largest result: a frame of small results,
/// an exception, a log record.
inline constexpr std::uint64_t most_beside_a_result = std::uint64_t{1} << 20;
/// Descriptors of shared objects that one result may have.
inline constexpr std::size_t most_attached = 4096;
/// Elements whose times one message tells.
inline constexpr std::size_t most_times = 128;
/// Bytes of the text of one log record; longer ones are cut.
inline constexpr std::size_t longest_log_text = std::size_t{512} << 10;
using wire::log_levels;

/// Exit code of a worker whose channel's descriptors have been closed by what ran in it.
inline constexpr int exit_closed_channel = 88;
/// What its owner has sent is of another version or build.
inline constexpr int exit_mismatch = 81;
/// It has not got the memory that it shares with its owner, so it can say nothing else.
inline constexpr int exit_no_page = 89;

enum class Type : std::uint16_t {
  // owner to worker
  setup = 1,  // first message
  define,     // the function of a job, before its first chunk in this worker
  run,        // elements of a job
  forget,     // the job is over
  wake,       // elements have been taken back: look at the page
  fetch,      // descriptors of shared objects, of what follows, wait on the descriptor channel
  // worker to owner
  greeting = 32,  // first message
  ready,          // the initializer has run
  start_failed,   // it has not, and the worker ends
  results,        // consecutive elements and their results
  failed,         // one element and its exception
  skipped,        // acknowledges a revocation
  log,            // a log record
  attached,  // the descriptor of a shared object in the next result waits on the descriptor channel
  exhausted,       // the worker has grown beyond its limit: it wants no more, and to be replaced
  sandbox_failed,  // the system lacks what the sandbox needs, and the worker ends
  times,           // when elements ran, beside their outcomes
};

struct DefineHeader {
  std::uint64_t job;
};  // then the code reference of the runner and the state of the function

struct RunHeader {
  std::uint64_t job;
  std::uint64_t first;  // index in the job
  std::uint64_t count;  // elements
  // Position of the first one among all elements that this worker was ever sent.
  std::uint64_t sequence;
  std::uint64_t stride;    // bytes of each argument; 0: each with its length in front
  std::uint64_t define;    // bytes of a definition that follows at once; 0: see the define message
  std::uint64_t retry_if;  // bytes of a code reference behind it: what is asked of an exception
  std::uint32_t attempt;   // 1 for the first
  std::uint32_t flags;
  // The owner wants to know when elements start.
  static constexpr std::uint32_t timed = 1;
  // One element, whose argument is all the rest, without a length.
  static constexpr std::uint32_t raw_argument = 2;
  // Each element is a call of its own.
  static constexpr std::uint32_t separate_calls = 4;
  // What they write is for their outcomes, or for lines of the owner's: see output.hpp.
  static constexpr std::uint32_t captured = 8;
  static constexpr std::uint32_t prefixed = 16;
  // The owner wants to be told the times of elements.
  static constexpr std::uint32_t measured = 32;
};  // then definition, code reference, arguments

struct ForgetHeader {
  std::uint64_t job;
};

struct ResultsHeader {
  std::uint64_t job;
  std::uint64_t first;
  std::uint64_t sequence;
  std::uint64_t count;    // 0 in a frame that is still open
  std::uint64_t elapsed;  // ns for all of them, decoding and encoding included
  // Bytes of each result; detail::variable_stride: each with its length in front.
  std::uint32_t stride;
  std::uint32_t folded;  // 1: one result stands for all
};                       // then the results

struct FailedHeader {
  std::uint64_t job;
  std::uint64_t index;
  std::uint64_t sequence;
  std::uint64_t elapsed;    // ns
  std::uint64_t retryable;  // 0: no other attempt is wanted
};                          // then the exception

/// When one element ran, in ns of CLOCK_MONOTONIC, which is one for all processes of a machine. A
/// message `times` is some of these, in the order of the sequence; it comes in front of the outcome
/// of an element, or directly behind it.
struct ElementTimes {
  std::uint64_t sequence;
  std::uint64_t begun;     // its argument is decoded from here on
  std::uint64_t running;   // the task runs
  std::uint64_t encoding;  // the task has ended
  std::uint64_t encoded;   // its result or exception has been encoded
};

struct SkippedHeader {
  std::uint64_t fence;
};

struct GreetingHeader {
  std::uint32_t version;
  wire::BuildId build;
};

/// Attachment group, on the descriptor channel, of descriptors that belong to no job: those of the
/// setup.
inline constexpr std::uint64_t setup_attachment_group = ~std::uint64_t{0};

/// The same of the sockets for what elements write: see output.hpp.
inline constexpr std::uint64_t output_attachment_group = setup_attachment_group - 1;

/// What a worker is told first.
struct WorkerSetup {
  std::uint32_t protocol_version = version;
  wire::Preparation preparation;
  std::int32_t slot = 0;  // of the pool's places for workers
  std::vector<std::byte> initializer;
  std::vector<std::byte> state;  // likewise a call, behind that one
  Limits limits;
  std::uint64_t message_limit = wire::default_frame_limit;
  std::optional<std::int32_t> nice;
  std::vector<std::int32_t> cpus;  // empty: as it is
  std::int32_t processors = 1;     // that the pool may use
  detail::SandboxTerms sandbox;
};
void encode_setup(detail::Bytes& target, const WorkerSetup& setup);
/// Throws CodecError.
WorkerSetup decode_setup(std::span<const std::byte> payload);

struct LogRecord {
  int level = 0;
  std::string logger;
  std::string text;
};
void encode_log(detail::Bytes& target, const LogRecord& record);
/// Throws CodecError, also for a level that spdlog does not have.
LogRecord decode_log(std::span<const std::byte> payload);

/// Appends a whole frame: header struct, then `rest`.
template <class Header>
void append_message(detail::Bytes& target, Type type, const Header& header,
                    std::span<const std::byte> rest = {}) {
  const std::size_t start = wire::begin_frame(target, static_cast<std::uint16_t>(type));
  target.append(&header, sizeof header);
  target.append(rest.data(), rest.size());
  wire::finish_frame(target, start);
}
void append_message(detail::Bytes& target, Type type, std::span<const std::byte> payload = {});

/// The header at the start of `payload`, which is advanced to what follows. Throws CodecError when
/// it is too short.
template <class Header>
Header take_header(std::span<const std::byte>& payload) {
  Header header;
  Reader reader(payload);
  reader.read(&header, sizeof header);
  payload = payload.subspan(sizeof header);
  return header;
}

}  // namespace brood::protocol
