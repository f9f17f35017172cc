#pragma once

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "support/events.hpp"

namespace brood::testing {

/// What comes to spdlog's default logger while this lives, instead of going where it went. The
/// warnings of `fork` are apart: they depend on the threads that a test or a sanitizer has.
class LogCatcher {
 public:
  struct Record {
    spdlog::level::level_enum level;
    std::string text;
  };

  explicit LogCatcher(spdlog::level::level_enum level = spdlog::level::info)
      : sink_(std::make_shared<Sink>()),
        old_sinks_(spdlog::default_logger()->sinks()),
        old_level_(spdlog::default_logger()->level()) {
    spdlog::default_logger()->sinks().assign(1, sink_);
    spdlog::default_logger()->set_level(level);
  }
  LogCatcher(const LogCatcher&) = delete;
  LogCatcher& operator=(const LogCatcher&) = delete;
  ~LogCatcher() {
    spdlog::default_logger()->sinks() = old_sinks_;
    spdlog::default_logger()->set_level(old_level_);
  }

  std::vector<Record> records() const { return sink_->records(); }
  /// Those that have `part` in their text.
  std::vector<Record> records_with(const std::string& part) const {
    std::vector<Record> found = records();
    std::erase_if(found, [&](const Record& record) { return !has(record, part); });
    return found;
  }
  /// Texts of the warnings that `fork` copies a process with threads.
  std::vector<std::string> fork_warnings() const { return sink_->fork_warnings(); }
  /// Whether a record with this in its text comes in time.
  bool wait_for(const std::string& part) const { return sink_->wait_for(part); }

 private:
  static bool has(const Record& record, const std::string& part) {
    return record.text.find(part) != std::string::npos;
  }
  static bool is_fork_warning(const Record& record) {
    return has(record, "start method \"fork\" copies this process while");
  }
  class Sink final : public spdlog::sinks::base_sink<std::mutex> {
   public:
    std::vector<Record> records() {
      const std::lock_guard lock(seen_mutex_);
      return seen_;
    }
    std::vector<std::string> fork_warnings() {
      const std::lock_guard lock(seen_mutex_);
      return fork_warnings_;
    }
    bool wait_for(const std::string& part) {
      std::unique_lock lock(seen_mutex_);
      return changed_.wait_for(lock, patience, [&] {
        return std::any_of(seen_.begin(), seen_.end(),
                           [&](const Record& record) { return has(record, part); });
      });
    }

   private:
    void sink_it_(const spdlog::details::log_msg& message) override {
      const std::lock_guard lock(seen_mutex_);
      Record record{message.level, std::string(message.payload.data(), message.payload.size())};
      if (is_fork_warning(record)) {
        fork_warnings_.push_back(std::move(record.text));
      } else {
        seen_.push_back(std::move(record));
      }
      changed_.notify_all();
    }
    void flush_() override {}
    std::mutex seen_mutex_;
    std::condition_variable changed_;
    std::vector<Record> seen_;
    std::vector<std::string> fork_warnings_;
  };

  std::shared_ptr<Sink> sink_;
  std::vector<spdlog::sink_ptr> old_sinks_;
  spdlog::level::level_enum old_level_;
};

}  // namespace brood::testing
