#pragma once

#include <string>

namespace brood::base {

/// The library's own words to the user, through spdlog's default logger, marked "brood".
void log_warning(const std::string& text);
void log_error(const std::string& text);

}  // namespace brood::base
