#include "pool/calls/stream_reader.hpp"

namespace brood::pool {
namespace {

struct ThisThread {
  static inline std::atomic<std::uint64_t> last{0};
  std::uint64_t id = last.fetch_add(1, std::memory_order_relaxed) + 1;
  std::shared_ptr<const char> life = std::make_shared<const char>();
};

const ThisThread& this_thread() {
  thread_local const ThisThread here;
  return here;
}

}  // namespace

bool StreamReader::is_this_thread() const noexcept {
  return id_.load(std::memory_order_relaxed) == this_thread().id;
}

void StreamReader::become_this_thread() {
  life_ = this_thread().life;
  id_.store(this_thread().id, std::memory_order_relaxed);
}

}  // namespace brood::pool
