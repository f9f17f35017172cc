#pragma once

#include "trace/text_sink.hpp"
#include "trace/timeline.hpp"

namespace brood::trace {

/// Writes the timeline in Chrome's trace format (JSON, as an object), which Perfetto and
/// chrome://tracing show: a thread for each slot of a worker, a complete event for each attempt at
/// an element, with what is known of it, instant events for marks, and counters for elements that
/// wait and that run. Times are in µs. An index that names nothing is taken for none.
/// Throws: what the sink throws. Memory: 32 bytes for each element, and a piece of text.
void write_chrome_json(const Timeline& timeline, const TextSink& sink);

}  // namespace brood::trace
