#pragma once

#include <string>
#include <string_view>

namespace brood::trace {

/// Appends the text as a string of JSON, with its quotes. What is no UTF-8 becomes U+FFFD, a
/// control character an escape. So does each of < > &: within an element of HTML the string neither
/// ends the element nor begins a comment.
void append_json(std::string& json, std::string_view text);

}  // namespace brood::trace
