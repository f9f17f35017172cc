#include "worker/wake_owner.hpp"

#include <atomic>

namespace brood::worker {

// The other half is in ResultRing::ask_for_wake_up: of the two, the one that comes later sees what
// the other has stored.
void wake_owner(SessionProcess& process, protocol::WorkerPage& page) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  using protocol::WakeUp;
  if (page.owner_waits.load(std::memory_order_relaxed) == 0) return;
  const auto how = static_cast<WakeUp>(page.owner_waits.exchange(0, std::memory_order_relaxed));
  if (how == WakeUp::by_futex) {
    process.wake(page.owner_waits);
  } else if (how != WakeUp::none) {
    process.wake_owner();
  }
}

}  // namespace brood::worker
