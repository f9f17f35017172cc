#pragma once

#include "trace/text_sink.hpp"
#include "trace/timeline.hpp"

namespace brood::trace {

/// Writes a page of HTML that shows the timeline. It is one file that loads nothing else. The texts
/// of the timeline may be any bytes: they are shown, and never run. An index that names nothing is
/// taken for none.
/// Throws: what the sink throws.
/// Cost: 4 bytes of memory for each element, each name of a function once, and a piece of text.
void write_html(const Timeline& timeline, const TextSink& sink);

}  // namespace brood::trace
