#include "link.hpp"

#include <utility>

#include <brood/errors.hpp>

namespace brood::simulation {

Link::Link(JudgedScheduler& its_scheduler, std::unique_ptr<Process> its_process, Time now)
    : WorkerLink(its_process->slot, "worker", wire::default_frame_limit, now),
      scheduler(its_scheduler),
      process(std::move(its_process)) {
  pid = static_cast<int>(process->pid);
  set_page(&process->page());
}

platform::ReceivedDescriptors Link::receive_descriptors() {
  platform::ReceivedDescriptors came;
  came.received = process->waiting_descriptors != 0;
  if (!came.received) return came;
  --process->waiting_descriptors;
  came.descriptors.emplace_back();
  return came;
}

std::size_t Link::unread() {
  if (scheduler.mutate(Mutation::reap_before_the_ring_is_empty)) return 0;
  return ring.unread(page());
}

void Link::give_room() noexcept {
  if (scheduler.mutate(Mutation::give_room_early)) page().tail.fetch_add(64);
  protocol::RingReader::owes_room(page());
}

void Link::take_wake_ups() {
  const std::size_t count = std::exchange(process->wake_ups, 0);
  if (std::exchange(process->garbage, false))
    throw CodecError(CodecError::Direction::decode, "message of a worker", "no wake-up");
  if (count > due) throw Violation("a wake-up that was not asked for");
  due -= count;
}

bool Link::may_sleep(protocol::WakeUp how) noexcept {
  using protocol::WakeUp;
  const WakeUp before = protocol::RingReader::ask_for_wake_up(page(), how);
  if (before == WakeUp::by_socket) --due;
  if (how == WakeUp::by_socket) ++due;
  return !ring.has_unread(page());
}

}  // namespace brood::simulation
