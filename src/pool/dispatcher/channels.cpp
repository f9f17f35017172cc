#include "pool/dispatcher/channels.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;
using boost::asio::posix::descriptor_base;

void Channels::open_all() {
  ios_.resize(state_.workers().all().size());
  for (const auto& link : state_.workers().all()) {
    if (link) open(process_of(*link));
  }
}

void Channels::open(WorkerProcess& worker) {
  ios_[worker.id] = std::make_unique<LinkIo>(io_);
  ios_[worker.id]->process.wait(worker.pidfd.get(), descriptor_base::wait_read,
                                [this, id = worker.id] { on_ended(id); });
  hang_ups_.add(worker.id, worker.pid, worker.wake_ups.get());
  reactor_.open(worker);
}

void Channels::on_ended(WorkerId id) {
  WorkerLink* const link = state_.workers().find(id);
  if (link == nullptr) return;
  const CoreGuard lock(state_.mutex());
  state_.driver().ended(*link);
}

// Perhaps that of an earlier worker of the slot.
void Channels::on_hang_up(WorkerId id, pid_t pid) {
  WorkerLink* const link = state_.workers().find(id);
  if (link != nullptr && process_of(*link).pid == pid) reactor_.on_hang_up(id);
}

void Channels::watch(WorkerLink& link) {
  ios_[link.id]->wake_ups.wait(process_of(link).wake_ups.get(), descriptor_base::wait_read,
                               [this, id = link.id] { reactor_.on_wake_up(id); });
}

void Channels::unwatch(WorkerLink& link) {
  ios_[link.id]->wake_ups.release();
  ios_[link.id]->descriptor_channel.release();
  ios_[link.id]->timer.cancel();
}

void Channels::wait_for_room(WorkerLink& link, WorkerChannel::Stop full) {
  LinkIo& io = *ios_[link.id];
  const auto on_room = [this, id = link.id] { reactor_.on_room(id); };
  if (full == WorkerChannel::Stop::crowded) return io.wait_for(transfer::crowd_time, on_room);
  io.descriptor_channel.wait(process_of(link).descriptor_channel.number(),
                             descriptor_base::wait_write, on_room);
}

std::size_t Channels::read(WorkerLink& link) {
  const CoreGuard lock(state_.mutex());
  state_.driver().read(link, most_at_a_time, Clock::now());
  return most_at_a_time;
}

void Channels::unreadable(WorkerLink& link, const std::exception_ptr& error) {
  const CoreGuard lock(state_.mutex());
  state_.driver().unreadable(link, error, Clock::now());
}

void Channels::stream_ended(WorkerLink& link) {
  const CoreGuard lock(state_.mutex());
  state_.driver().stream_ended(link, Clock::now());
}

}  // namespace brood::pool
