#include "pool/dispatcher/channels.hpp"

#include <exception>
#include <utility>

#include <brood/errors.hpp>
#include "platform/pipe.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;
using Stop = WorkerProcess::Stop;
using boost::asio::posix::descriptor_base;

namespace {

constexpr int reads_per_turn = 8;

}  // namespace

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
  watch_and_ask(worker);
}

void Channels::watch_and_ask(WorkerProcess& worker) {
  watch_wake_ups(worker);
  if (!worker.may_sleep(protocol::WakeUp::by_socket)) unread_.push_back(worker.id);
}

void Channels::watch_wake_ups(WorkerProcess& worker) {
  ios_[worker.id]->wake_ups.wait(worker.wake_ups.get(), descriptor_base::wait_read,
                                 [this, id = worker.id] { on_wake_up(id); });
}

// A caller that borrows a worker waits for it itself.
void Channels::end_turn() {
  for (const auto& link : state_.workers().all()) {
    if (!link || link->borrowed) continue;
    WorkerProcess& worker = process_of(*link);
    LinkIo& io = *ios_[worker.id];
    if (!worker.outbox.empty() && io.stopped_by == Stop::none) unwritten_.push_back(&worker);
    if (worker.borrowable) {
      io.wake_ups.release();
      io.descriptor_channel.release();
    } else if (!io.wake_ups.watching() && !worker.broken && !worker.silent) {
      watch_and_ask(worker);
    }
  }
}

// --- what they report ---

void Channels::on_wake_up(WorkerId id) {
  WorkerLink* const link = state_.workers().find(id);
  if (link == nullptr) return;
  if (state_.has_lost_descriptors()) return;  // a copy of this process keeps it watched
  WorkerProcess& worker = process_of(*link);
  const bool more = receive_wake_ups(worker);
  read_results(worker);
  if (ios_[id]->stopped_by == Stop::ring_full) go_on(id);
  if (more && !worker.broken) return watch_wake_ups(worker);
  ios_[id]->wake_ups.release();  // end of stream: the pidfd tells the rest
  const CoreGuard lock(state_.mutex());
  state_.driver().stream_ended(worker, Clock::now());
}

// False at the end of the stream, or where what comes makes no sense.
bool Channels::receive_wake_ups(WorkerProcess& worker) try {
  return worker.receive_wake_ups();
} catch (const std::exception&) {
  unreadable(worker, std::current_exception());
  return false;
}

// The last read comes behind the request: what is told after that brings a wake-up.
void Channels::read_results(WorkerProcess& worker) {
  for (int turn = 0; turn < reads_per_turn && read_what_is_there(worker); ++turn) {
  }
  worker.may_sleep(protocol::WakeUp::by_socket);
  read_what_is_there(worker);
}

// True if there was something. No more than a ring holds; the lock is held for some of it at a
// time.
bool Channels::read_what_is_there(WorkerProcess& worker) {
  bool any = false;
  for (std::size_t left = protocol::WorkerPage::buffer_size; left != 0; left -= most_at_a_time) {
    if (worker.broken || !worker.has_unread()) break;
    any = true;
    const CoreGuard lock(state_.mutex());
    state_.driver().read(worker, most_at_a_time, Clock::now());
  }
  return any;
}

void Channels::on_ended(WorkerId id) {
  WorkerLink* const link = state_.workers().find(id);
  if (link == nullptr) return;
  const CoreGuard lock(state_.mutex());
  state_.driver().ended(*link);
  if (link->borrowed) process_of(*link).wake_caller();
}

void Channels::unreadable(WorkerProcess& worker, const std::exception_ptr& error) {
  const CoreGuard lock(state_.mutex());
  state_.driver().unreadable(worker, error, Clock::now());
}

// --- what they are sent ---

// It needs no lock: a link with something in its outbox is not borrowed.
bool Channels::flush() {
  bool told = false;
  for (WorkerProcess* const worker : std::exchange(unwritten_, {})) told |= !flush(*worker);
  for (const WorkerId id : std::exchange(unread_, {})) {
    WorkerLink* const link = state_.workers().find(id);
    // A caller may have it by now; while it is not borrowable, none can come.
    if (link == nullptr || link->borrowable) continue;
    read_results(process_of(*link));
    told = true;
  }
  return !told;
}

// False where the driver has been told something. Where the ring is full, the wake-up that has been
// asked for comes when there is room, too.
bool Channels::flush(WorkerProcess& worker) {
  if (worker.broken || state_.ended()) return true;
  LinkIo& io = *ios_[worker.id];
  io.stopped_by = write(worker);
  const auto on_room = [this, id = worker.id] { go_on(id); };
  if (io.stopped_by == Stop::channel_full)
    io.descriptor_channel.wait(worker.descriptor_channel.number(), descriptor_base::wait_write,
                               on_room);
  else if (io.stopped_by == Stop::crowded)
    io.wait_for(transfer::crowd_time, on_room);
  return io.stopped_by != Stop::refused;
}

// What cannot be written to is broken.
Stop Channels::write(WorkerProcess& worker) try {
  const Stop stop = worker.write();
  if (stop == Stop::refused)
    unreadable(worker, std::make_exception_ptr(
                           SystemError("sendmsg", "sending shared objects to a worker", EPERM)));
  return stop;
} catch (const std::exception&) {
  unreadable(worker, std::current_exception());
  return Stop::refused;
}

void Channels::go_on(WorkerId id) {
  WorkerLink* const link = state_.workers().find(id);
  if (link == nullptr) return;
  ios_[id]->stopped_by = Stop::none;
  if (!state_.has_lost_descriptors()) flush(process_of(*link));
}

}  // namespace brood::pool
