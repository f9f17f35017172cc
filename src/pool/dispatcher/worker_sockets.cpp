#include "pool/dispatcher/worker_sockets.hpp"

namespace brood::pool {

using boost::asio::posix::descriptor_base;

void WorkerSockets::open_all() {
  ios_.resize(state_.workers().all().size());
  for (const auto& link : state_.workers().all()) {
    if (link) open(process_of(*link));
  }
}

void WorkerSockets::open(WorkerProcess& worker) {
  ios_[worker.id] = std::make_unique<LinkIo>(io_);
  ios_[worker.id]->process.wait(worker.pidfd.get(), descriptor_base::wait_read,
                                [this, id = worker.id] { reactor_.on_ended(id); });
  hang_ups_.add(worker.id, worker.pid, worker.wake_ups.get());
  reactor_.open(worker);
}

// Perhaps that of an earlier worker of the slot.
void WorkerSockets::on_hang_up(WorkerId id, pid_t pid) {
  WorkerLink* const link = state_.workers().find(id);
  if (link != nullptr && process_of(*link).pid == pid) reactor_.on_hang_up(id);
}

void WorkerSockets::watch(WorkerLink& link) {
  ios_[link.id]->wake_ups.wait(process_of(link).wake_ups.get(), descriptor_base::wait_read,
                               [this, id = link.id] { reactor_.on_wake_up(id); });
}

void WorkerSockets::unwatch(WorkerLink& link) {
  ios_[link.id]->wake_ups.release();
  ios_[link.id]->descriptor_channel.release();
  ios_[link.id]->timer.cancel();
}

void WorkerSockets::wait_for_room(WorkerLink& link, WorkerChannel::Stop full) {
  LinkIo& io = *ios_[link.id];
  const auto on_room = [this, id = link.id] { reactor_.on_room(id); };
  if (full == WorkerChannel::Stop::crowded) return io.wait_for(transfer::crowd_time, on_room);
  io.descriptor_channel.wait(process_of(link).descriptor_channel.number(),
                             descriptor_base::wait_write, on_room);
}

}  // namespace brood::pool
