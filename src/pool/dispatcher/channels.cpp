#include "pool/dispatcher/channels.hpp"

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
}

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
    }
  }
}

void Channels::on_results(WorkerId id) {
  WorkerLink* const link = state_.workers().find(id);
  if (link == nullptr) return;
  if (state_.has_lost_descriptors()) return;  // a copy of this process keeps it watched
  WorkerProcess& worker = process_of(*link);
  State state = State::moved;
  for (int turn = 0; turn < reads_per_turn && state == State::moved && !worker.broken; ++turn)
    state = read_and_tell(worker);
  const bool more = state == State::moved || state == State::would_block;
  if (more && !worker.broken) return watch_results(worker);
  ios_[id]->results.release();  // end of stream: the pidfd tells the rest
  const CoreGuard lock(state_.mutex());
  state_.driver().stream_ended(worker, Clock::now());
}

// Reads once. What goes wrong meanwhile is the worker's, for whose bytes it happened.
State Channels::read_and_tell(WorkerProcess& worker) {
  State state = State::failed;
  std::exception_ptr error;
  try {
    state = worker.receive().state;
    if (state != State::moved) return state;
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  const CoreGuard lock(state_.mutex());
  if (error) {
    state_.driver().unreadable(worker, error, Clock::now());
  } else {
    state_.driver().received(worker, Clock::now());
  }
  return state;
}

void Channels::on_ended(WorkerId id) {
  WorkerLink* const link = state_.workers().find(id);
  if (link == nullptr) return;
  const CoreGuard lock(state_.mutex());
  link->ended = true;
}

// --- what they are sent ---

// It needs no lock: a link with something in its outbox is not borrowed.
bool Channels::flush() {
  bool cut_off = false;
  for (WorkerProcess* const worker : std::exchange(dirty_, {})) cut_off |= !flush(*worker);
  return !cut_off;
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
