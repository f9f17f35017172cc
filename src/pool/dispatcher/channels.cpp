#include "pool/dispatcher/channels.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <brood/errors.hpp>
#include "platform/pipe.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;
using State = platform::Transfer::State;
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

// Before its number is used again: else the reactor would let go of another's descriptor.
void Channels::hang_up(WorkerProcess& worker) {
  ios_[worker.id]->tasks.release();
  platform::hang_up(worker.tasks);
}

// --- what they send ---

void Channels::open(WorkerProcess& worker) {
  ios_[worker.id] = std::make_unique<LinkIo>(io_);
  worker.dirty = !worker.outbox.empty();
  ios_[worker.id]->process.wait(worker.pidfd.get(), descriptor_base::wait_read,
                                [this, id = worker.id] { on_ended(id); });
  watch_results(worker);
  if (!worker.ask_for_wake_up()) unread_.push_back(worker.id);
}

// Its results lie in the ring of its page; the pipe brings a wake-up.
void Channels::watch_results(WorkerProcess& worker) {
  ios_[worker.id]->results.wait(worker.results.get(), descriptor_base::wait_read,
                                [this, id = worker.id] { on_results(id); });
}

// A caller that borrows a worker waits for its pipes itself.
void Channels::end_turn() {
  for (const auto& link : state_.workers().all()) {
    if (!link || link->borrowed) continue;
    WorkerProcess& worker = process_of(*link);
    if (worker.dirty) dirty_.push_back(&worker);
    LinkIo& io = *ios_[worker.id];
    if (worker.borrowable) {
      io.results.release();
      io.tasks.release();
      io.descriptor_channel.release();
    } else if (!io.results.watching() && !worker.broken && !worker.silent) {
      watch_results(worker);
      if (!worker.ask_for_wake_up()) unread_.push_back(worker.id);
    }
  }
}

void Channels::on_results(WorkerId id) {
  WorkerLink* const link = state_.workers().find(id);
  if (link == nullptr) return;
  if (state_.has_lost_descriptors()) return;  // a copy of this process keeps it watched
  WorkerProcess& worker = process_of(*link);
  const bool more = take_wake_ups(worker);
  read_results(worker);
  if (more && !worker.broken) return watch_results(worker);
  ios_[id]->results.release();  // end of stream: the pidfd tells the rest
  const CoreGuard lock(state_.mutex());
  state_.driver().stream_ended(worker, Clock::now());
}

// False at the end of the stream, or where what comes makes no sense.
bool Channels::take_wake_ups(WorkerProcess& worker) {
  try {
    const State state = worker.take_wake_ups().state;
    return state == State::moved || state == State::would_block;
  } catch (const std::exception&) {
    const CoreGuard lock(state_.mutex());
    state_.driver().unreadable(worker, std::current_exception(), Clock::now());
    return false;
  }
}

// The last read comes behind the request: what is told after that brings a wake-up.
void Channels::read_results(WorkerProcess& worker) {
  for (int turn = 0; turn < reads_per_turn && read_what_is_there(worker); ++turn) {
  }
  worker.ask_for_wake_up();
  read_what_is_there(worker);
}

// True if there was something. No more than a ring holds; the lock is held for some of it at a
// time.
bool Channels::read_what_is_there(WorkerProcess& worker) {
  bool any = false;
  for (std::size_t left = protocol::WorkerPage::buffer_size; left != 0; left -= most_at_a_time) {
    if (worker.broken || !worker.ring.has_unread(worker.page())) break;
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

// --- what they are sent ---

// It needs no lock: a link with something in its outbox is not borrowed.
bool Channels::flush() {
  bool told = false;
  for (WorkerProcess* const worker : std::exchange(dirty_, {})) told |= !flush(*worker);
  for (const WorkerId id : std::exchange(unread_, {})) {
    WorkerLink* const link = state_.workers().find(id);
    // A caller may have it by now; while it is not borrowable, none can come.
    if (link == nullptr || link->borrowable) continue;
    read_results(process_of(*link));
    told = true;
  }
  return !told;
}

bool Channels::flush(WorkerProcess& worker) {
  if (worker.blocked || !worker.tasks || worker.broken || state_.ended()) return true;
  worker.dirty = false;
  const WorkerProcess::Written written = worker.write();
  if (written.stop == WorkerProcess::Stop::none) return true;
  if (written.stop == WorkerProcess::Stop::failed) {
    cut_off(worker, written.error);
    return false;
  }
  worker.blocked = true;
  wait_for_room(worker, written.stop);
  return true;
}

void Channels::wait_for_room(const WorkerProcess& worker, WorkerProcess::Stop stop) {
  LinkIo& io = *ios_[worker.id];
  const auto go_on = [this, id = worker.id] {
    WorkerLink* const unblocked = state_.workers().find(id);
    if (unblocked == nullptr) return;
    unblocked->blocked = false;
    if (!state_.has_lost_descriptors()) flush(process_of(*unblocked));
  };
  if (stop == WorkerProcess::Stop::pipe_full)
    io.tasks.wait(worker.tasks.get(), descriptor_base::wait_write, go_on);
  else if (stop == WorkerProcess::Stop::channel_full)
    io.descriptor_channel.wait(worker.descriptor_channel.number(), descriptor_base::wait_write,
                               go_on);
  else
    io.wait_for(platform::crowd_time, go_on);
}

// The owner keeps an end for reading of each task pipe: it is never a dead reader that refuses.
void Channels::cut_off(WorkerProcess& worker, int error) {
  const CoreGuard lock(state_.mutex());
  state_.driver().unreadable(
      worker, std::make_exception_ptr(SystemError("write", "sending tasks to a worker", error)),
      Clock::now());
}

}  // namespace brood::pool
