#pragma once

#include <string>

namespace spdlog {
class logger;
}

namespace brood::base {

/// spdlog's; null where the program has none, and when static objects have been destroyed. Takes no
/// lock, which a fork could have left locked.
spdlog::logger* default_logger() noexcept;

/// The library's own words to the user, through spdlog's default logger, marked "brood". What they
/// quote is made printable (base/printable.hpp).
void log_info(const std::string& text);
void log_warning(const std::string& text);
void log_error(const std::string& text);
/// Level of the default logger, as spdlog counts.
int log_level() noexcept;
void set_log_level(int level) noexcept;
/// Passes on what a worker has logged, made printable: to the logger of the same name where there
/// is one, else to the default one.
void log_from_worker(const std::string& worker, int level, const std::string& logger,
                     const std::string& text);

}  // namespace brood::base
