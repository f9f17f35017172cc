#include "pool/record/counters.hpp"

#include <new>

namespace brood::pool {

void Counters::started(WorkerId worker, const std::string& name, Time now) noexcept {
  Slot& slot = slots_[worker];
  ++slot.starts;
  if (slot.born == Time{}) slot.born = now;
  slot.given = slot.resolved = 0;
  try {
    slot.name = name;
  } catch (const std::bad_alloc&) {
  }
}

// It has not worked for longer than it has had something.
void Counters::worked(WorkerId worker, std::uint64_t position, std::size_t count,
                      std::uint64_t elapsed, Time now) noexcept {
  Slot& slot = slots_[worker];
  const auto most = static_cast<std::uint64_t>(slot.unreported(now).count());
  const std::uint64_t credible = std::min(elapsed, most);
  slot.done += count;
  slot.resolved = position;
  slot.busy += Nanoseconds(credible);
  slot.reported += Nanoseconds(credible);
  if (count == 0) return;
  try {
    running_.add(credible / count, count);
  } catch (const std::bad_alloc&) {  // it is not worth an end
  }
}

void Counters::gone(WorkerId worker, Time now) noexcept {
  Slot& slot = slots_[worker];
  if (slot.has_work()) slot.busy += slot.unreported(now);
  slot.given = slot.resolved = 0;
}

Statistics Counters::statistics(Time now) const {
  Statistics all;
  all.elements = elements_;
  all.by_kind = by_kind_;
  all.retries = retries_;
  all.running = running_;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    Statistics::Worker& worker = all.workers.emplace_back();
    worker.name = slot.name;
    worker.slot = static_cast<int>(i);
    worker.tasks_done = slot.done;
    worker.restarts = slot.starts > 1 ? slot.starts - 1 : 0;
    worker.busy = slot.busy;
    if (slot.has_work()) worker.busy += slot.unreported(now);
    const Nanoseconds life = slot.born == Time{} ? Nanoseconds::zero() : now - slot.born;
    if (life > Nanoseconds::zero())
      worker.utilization = std::min(
          1.0, static_cast<double>(worker.busy.count()) / static_cast<double>(life.count()));
    worker.bytes_sent = slot.sent;
    worker.bytes_received = slot.received;
    all.restarts += worker.restarts;
    all.bytes_sent += slot.sent;
    all.bytes_received += slot.received;
  }
  return all;
}

}  // namespace brood::pool
