#include "base/log.hpp"

#include <spdlog/spdlog.h>

namespace brood::base {

void log_warning(const std::string& text) { spdlog::warn("brood: {}", text); }
void log_error(const std::string& text) { spdlog::error("brood: {}", text); }

}  // namespace brood::base
