#include "worker/log_sink.hpp"
#include <algorithm>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "base/log.hpp"

namespace brood::worker {

static_assert(spdlog::level::n_levels == protocol::log_levels);

namespace {

class StreamSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StreamSink(ResultStream& stream) : stream_(stream) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    stream_.log({static_cast<int>(message.level),
                 std::string(message.logger_name.data(), message.logger_name.size()),
                 std::string(message.payload.data(),
                             std::min(message.payload.size(), protocol::longest_log_text))});
  }
  void flush_() override {}
  ResultStream& stream_;
};

}  // namespace

// The sinks of the logger are replaced in place: under fork another thread of the parent may have
// held the registry's lock at the moment of the fork, and then set_default_logger would wait for
// ever.
void send_logs_to(ResultStream& stream, int level) {
  spdlog::logger* const logger = base::default_logger();
  if (logger == nullptr) return;
  logger->sinks().assign(1, std::make_shared<StreamSink>(stream));
  logger->set_level(static_cast<spdlog::level::level_enum>(level));
}

}  // namespace brood::worker
