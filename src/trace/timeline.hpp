#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// What is known of a pool when its trace has ended: plain values, which writers of files read.
// Times are in ns since the start of the trace.
namespace brood::trace {

inline constexpr std::int64_t unknown_time = -1;
/// In place of an index.
inline constexpr std::uint32_t none = 0xffffffff;

/// A call of one of the pool's verbs.
struct TimelineCall {
  std::string name;  // of the function
  std::uint64_t elements = 0;
  std::int64_t submitted = unknown_time;
  std::int64_t ended = unknown_time;
};

/// A process. Those that replace each other have the same slot.
struct TimelineWorker {
  std::string name;
  std::int64_t pid = 0;
  std::uint32_t slot = 0;
  std::int64_t asked = unknown_time;    // for its start
  std::int64_t started = unknown_time;  // its process was there
  std::int64_t ready = unknown_time;    // its initializer had returned
  std::int64_t ended = unknown_time;    // unknown: it was there at the end of the trace
  std::string end;                      // how; empty: as it was asked to, or unknown
  // Of all its elements, also of those that were thinned.
  std::uint64_t elements = 0;
  std::int64_t busy = 0;  // decoding, running and encoding
};

/// One attempt at an element: each attempt is one of its own.
struct TimelineElement {
  std::uint32_t call = 0;       // index in calls
  std::uint32_t worker = none;  // index in workers; none: it was given to none
  std::uint64_t index = 0;      // in the call's input
  std::uint32_t attempt = 1;    // from 1 on
  std::uint32_t text = none;    // what its failure says: index in texts
  std::int64_t queued = unknown_time;
  std::int64_t sent = unknown_time;
  std::int64_t begun = unknown_time;     // the worker begins to decode it
  std::int64_t running = unknown_time;   // the task begins
  std::int64_t encoding = unknown_time;  // the task has returned or thrown
  std::int64_t encoded = unknown_time;
  std::int64_t arrived = unknown_time;  // its end was known to the owner
  std::uint8_t outcome = 0;             // a brood::OutcomeKind; 0: it ended with a value
};

enum class MarkKind : std::uint8_t { death, restart, revocation, timeout, cancel, log, other };

/// What happened at one moment.
struct TimelineMark {
  std::int64_t time = 0;
  std::uint32_t worker = none;  // index in workers; none: it concerns the pool
  MarkKind kind = MarkKind::other;
  std::string text;
};

/// Upper bounds of buckets, ascending, and how many times lie in each. Empty buckets may be left
/// out: a bucket is so narrow that its upper bound may stand for each time in it.
using TimelineHistogram = std::vector<std::pair<std::int64_t, std::uint64_t>>;

struct Timeline {
  std::string program;
  std::int64_t started = 0;  // of the trace, in ns since the epoch
  std::int64_t length = 0;
  std::vector<TimelineCall> calls;
  std::vector<TimelineWorker> workers;
  std::vector<TimelineElement> elements;  // in any order
  std::vector<TimelineMark> marks;        // in any order
  std::vector<std::string> texts;
  // Elements that ended with a value and are not among `elements`, and marks that are not among
  // `marks`. `thinning` says in a sentence by which rule; empty where nothing was left out.
  std::uint64_t left_out = 0;
  std::uint64_t marks_left_out = 0;
  std::string thinning;
  // Of all elements, also of those that were left out. Waiting: from queued to begun.
  TimelineHistogram waiting;
  TimelineHistogram decoding;
  TimelineHistogram running;
  TimelineHistogram encoding;
};

}  // namespace brood::trace
