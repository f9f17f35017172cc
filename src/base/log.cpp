#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/bracketed_sink.hpp"
#include "base/line_bracket.hpp"
#include "base/printable.hpp"

namespace brood::base {
namespace {

// As spdlog makes it: to stdout, where a program's results go.
bool is_untouched(const spdlog::logger& logger) {
  if (!logger.name().empty() || logger.sinks().size() != 1) return false;
  const spdlog::sinks::sink* sink = logger.sinks()[0].get();
  if (const auto* const bracketed = dynamic_cast<const BracketedSink*>(sink))
    sink = bracketed->inner();
  return dynamic_cast<const spdlog::sinks::stdout_color_sink_mt*>(sink) != nullptr;
}

// What is no level would be looked up beyond the end of spdlog's table of names.
spdlog::level::level_enum to_level(int level) noexcept {
  return static_cast<spdlog::level::level_enum>(
      std::clamp<int>(level, spdlog::level::trace, spdlog::level::n_levels - 1));
}

// spdlog's registry is a static object, and calls come from the destructors of others, too.
constinit std::atomic<bool> registry_gone{false};
struct DestructionFlag {
  ~DestructionFlag() { registry_gone = true; }
};

// The default logger, or stderr where the program has not set one up. Never destroyed: the last
// message may come late.
void log(spdlog::level::level_enum level, const std::string& text) {
  static auto* const to_stderr =
      new spdlog::logger("", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  const std::shared_ptr<spdlog::logger> set_up =
      default_logger() == nullptr ? nullptr : spdlog::default_logger();
  spdlog::logger* const logger =
      set_up != nullptr && !is_untouched(*set_up) ? set_up.get() : to_stderr;
  const LineBracket bracket;
  logger->log(level, "brood: {}", printable(text));
}

}  // namespace

spdlog::logger* default_logger() noexcept {
  if (registry_gone) return nullptr;
  spdlog::logger* const logger = spdlog::default_logger_raw();
  static const DestructionFlag destroyed_before_the_registry;
  return logger;
}

void log_info(const std::string& text) { log(spdlog::level::info, text); }
void log_warning(const std::string& text) { log(spdlog::level::warn, text); }
void log_error(const std::string& text) { log(spdlog::level::err, text); }

int log_level() noexcept {
  const spdlog::logger* const logger = default_logger();
  return static_cast<int>(logger == nullptr ? spdlog::level::info : logger->level());
}

void set_log_level(int level) noexcept {
  spdlog::logger* const logger = default_logger();
  if (logger != nullptr) logger->set_level(to_level(level));
}

void log_from_worker(const std::string& worker, int level, const std::string& logger,
                     const std::string& text) {
  if (registry_gone) return;
  std::shared_ptr<spdlog::logger> target = logger.empty() ? nullptr : spdlog::get(logger);
  if (!target) target = spdlog::default_logger();
  if (!target) return;
  const LineBracket bracket;
  target->log(to_level(level), "[{}] {}", worker, printable(text));
}

}  // namespace brood::base
