#include "base/log.hpp"

#include <spdlog/spdlog.h>

namespace brood::base {

void log_warning(const std::string& text) { spdlog::warn("brood: {}", text); }
void log_error(const std::string& text) { spdlog::error("brood: {}", text); }

int log_level() noexcept {
  const spdlog::logger* const logger = spdlog::default_logger_raw();
  return static_cast<int>(logger == nullptr ? spdlog::level::info : logger->level());
}

void log_from_worker(const std::string& worker, int level, const std::string& logger,
                     const std::string& text) {
  std::shared_ptr<spdlog::logger> target = logger.empty() ? nullptr : spdlog::get(logger);
  if (!target) target = spdlog::default_logger();
  if (target) target->log(static_cast<spdlog::level::level_enum>(level), "[{}] {}", worker, text);
}

}  // namespace brood::base
