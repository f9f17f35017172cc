#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace brood::progress {

/// A text of a user's as one line that a terminal only shows: control characters are escaped, line
/// breaks and tabs become spaces; what is no UTF-8, and what changes the direction of writing,
/// becomes "?".
std::string one_line(std::string_view text);
/// Columns that a line takes in a terminal: two of a wide character, none of a combining one. Where
/// it is not known, rather too many.
std::size_t columns_of(std::string_view line);
/// The line where it has at most so many columns; else its beginning with ".." behind it.
std::string shortened(std::string_view line, std::size_t columns);

}  // namespace brood::progress
