#include "base/line_bracket.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/bracketed_sink.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"

namespace brood::base {
namespace {

constinit std::atomic<Printing*> told{nullptr};

template <class... Sinks>
bool is_one_of(const spdlog::sinks::sink* sink) {
  return ((dynamic_cast<const Sinks*>(sink) != nullptr) || ...);
}

bool prints(const spdlog::sinks::sink* sink) {
  using namespace spdlog::sinks;
  return is_one_of<stdout_color_sink_mt, stdout_color_sink_st, stderr_color_sink_mt,
                   stderr_color_sink_st, stdout_sink_mt, stdout_sink_st, stderr_sink_mt,
                   stderr_sink_st>(sink);
}

void bracket_sinks(spdlog::logger& logger) {
  for (spdlog::sink_ptr& sink : logger.sinks()) {
    if (prints(sink.get())) sink = std::make_shared<BracketedSink>(sink);
  }
}

}  // namespace

void bracket_log_lines(Printing& printing) {
  static Mutex one_at_a_time;
  const MutexLock lock(one_at_a_time);
  told = &printing;
  if (spdlog::logger* const logger = default_logger(); logger != nullptr) {
    bracket_sinks(*logger);
    spdlog::apply_all([](const std::shared_ptr<spdlog::logger>& one) { bracket_sinks(*one); });
  }
}

LineBracket::LineBracket() noexcept : printing_(told) {
  if (printing_ != nullptr) printing_->begin();
}
LineBracket::~LineBracket() {
  if (printing_ != nullptr) printing_->end();
}

void BracketedSink::log(const spdlog::details::log_msg& message) {
  if (!inner_->should_log(message.level)) return;
  const LineBracket bracket;
  inner_->log(message);
}
void BracketedSink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  inner_->set_formatter(std::move(formatter));
}

}  // namespace brood::base
