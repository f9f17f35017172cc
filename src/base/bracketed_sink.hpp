#pragma once

#include <spdlog/sinks/sink.h>

#include <memory>
#include <string>
#include <utility>

namespace brood::base {

/// Another sink, each of whose lines is in a LineBracket.
class BracketedSink final : public spdlog::sinks::sink {
 public:
  explicit BracketedSink(spdlog::sink_ptr inner) : inner_(std::move(inner)) {}
  const spdlog::sinks::sink* inner() const noexcept { return inner_.get(); }

  void log(const spdlog::details::log_msg& message) override;
  void flush() override { inner_->flush(); }
  void set_pattern(const std::string& pattern) override { inner_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

 private:
  const spdlog::sink_ptr inner_;
};

}  // namespace brood::base
