#include "worker/stop_requests.hpp"

#include "protocol/owner_page.hpp"

namespace brood::worker {

// The thread is there before the owner may ask: no request is lost.
std::stop_token StopRequests::token(std::uint64_t position) {
  process_.watch_for_stop_requests();
  const base::MutexLock lock(mutex_);
  if (element_ != position + 1) {
    source_.emplace();
    element_ = position + 1;
    has_token_ = true;
    page_.stoppable.store(element_, std::memory_order_seq_cst);
  }
  return source_->get_token();
}

void StopRequests::forget() noexcept {
  if (!has_token_) return;
  has_token_ = false;
  page_.stoppable.store(0, std::memory_order_relaxed);
  const base::MutexLock lock(mutex_);
  element_ = 0;
  source_.reset();
}

std::optional<std::stop_source> StopRequests::source_of(std::uint64_t element) {
  const base::MutexLock lock(mutex_);
  return element != 0 && element == element_ ? source_ : std::nullopt;
}

// Not under the lock: a callback may wait for a thread that asks for the token.
void StopRequests::look() {
  auto source = source_of(page_.stop_requested.load(std::memory_order_acquire));
  if (source) source->request_stop();
}

// In the thread that looks: a callback may take its time.
bool StopRequests::request() {
  const std::uint64_t element = page_.claimed.load(std::memory_order_relaxed);
  if (!source_of(element)) return false;
  protocol::PageWatch::request_stop(page_, element);
  process_.wake(page_.stop_requests);
  return true;
}

}  // namespace brood::worker
