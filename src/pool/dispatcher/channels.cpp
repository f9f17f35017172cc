#include <csignal>
#include <exception>
#include <utility>

#include "platform/foreign_close.hpp"
#include "platform/process.hpp"
#include "platform/rights.hpp"
#include "platform/shared_descriptor.hpp"
#include "pool/dispatcher/loop.hpp"

// The processes of workers and the ends of their pipes, as the dispatcher watches and serves them.
namespace brood::pool {

using Clock = std::chrono::steady_clock;
using State = platform::Transfer::State;
using boost::asio::posix::descriptor_base;

namespace {

constexpr int reads_per_turn = 8;

}  // namespace

// --- processes ---

SignalResult Dispatcher::Loop::signal(WorkerLink& link, StopSignal signal) noexcept {
  const int number = signal == StopSignal::kill ? SIGKILL : SIGTERM;
  return core_.supervisor().signal(process_of(link), number);
}

// Before its number is used again: else the reactor would let go of another's descriptor.
void Dispatcher::Loop::hang_up(WorkerLink& link) {
  ios_[link.id]->tasks.release();
  platform::hang_up(process_of(link).tasks);
}

// Results that the program keeps keep their descriptors: they leave it a quarter of its table.
bool Dispatcher::Loop::table_is_full() noexcept {
  return detail::shared_descriptors() + platform::kept_open() >
         platform::descriptor_limit() / 4 * 3;
}

std::size_t Dispatcher::Loop::descriptor_limit() noexcept { return platform::descriptor_limit(); }

// One that cannot be watched has not been started.
void Dispatcher::Loop::on_started(std::unique_ptr<WorkerProcess> worker) {
  const WorkerId id = worker->id;
  try {
    attach(*worker);
    driver().started(std::move(worker), Clock::now());
  } catch (...) {
    ios_[id].reset();
    if (worker) core_.supervisor().discard(*worker);
    starts_.fail(id, std::current_exception());
  }
}

void Dispatcher::Loop::on_start_failed(WorkerId id, std::exception_ptr why, StartFailure kind) {
  driver().start_failed(id, std::move(why), kind, Clock::now());
}

void Dispatcher::Loop::end_all_workers() noexcept {
  for (const auto& link : workers().all()) {
    if (link) platform::send_signal(process_of(*link).pidfd, SIGKILL);
  }
  for (const auto& link : workers().all()) {
    if (link) core_.supervisor().discard(process_of(*link));
  }
  try {
    starts_.drop_all();
  } catch (...) {  // the server ends them with the connection
  }
}

// --- what they send ---

void Dispatcher::Loop::attach(WorkerProcess& worker) {
  ios_[worker.id] = std::make_unique<LinkIo>(io_);
  worker.dirty = !worker.outbox.empty();
  ios_[worker.id]->process.wait(worker.pidfd.get(), descriptor_base::wait_read,
                                [this, id = worker.id] { on_ended(id); });
  watch_results(worker);
}

void Dispatcher::Loop::watch_results(WorkerProcess& worker) {
  ios_[worker.id]->results.wait(worker.results.get(), descriptor_base::wait_read,
                                [this, id = worker.id] { on_results(id); });
}

// A caller that borrows a worker waits for its pipes itself.
void Dispatcher::Loop::watch_what_is_not_borrowable() {
  for (const auto& link : workers().all()) {
    if (!link || link->borrowed) continue;
    LinkIo& io = *ios_[link->id];
    if (link->borrowable) {
      io.results.release();
      io.tasks.release();
      io.descriptor_channel.release();
    } else if (!io.results.watching() && !link->broken && !link->silent) {
      watch_results(process_of(*link));
    }
  }
}

void Dispatcher::Loop::on_results(WorkerId id) {
  WorkerLink* const link = workers().find(id);
  if (link == nullptr) return;
  if (core_.has_lost_descriptors()) return;  // a copy of this process keeps it watched
  WorkerProcess& worker = process_of(*link);
  State state = State::moved;
  for (int turn = 0; turn < reads_per_turn && state == State::moved && !worker.broken; ++turn)
    state = read_and_tell(worker);
  const bool more = state == State::moved || state == State::would_block;
  if (more && !worker.broken) return watch_results(worker);
  ios_[id]->results.release();  // end of stream: the pidfd tells the rest
  const base::MutexLock lock(core_.mutex());
  driver().stream_ended(worker, Clock::now());
}

// Reads once. What goes wrong meanwhile is the worker's, for whose bytes it happened.
State Dispatcher::Loop::read_and_tell(WorkerProcess& worker) {
  State state = State::failed;
  std::exception_ptr error;
  try {
    state = worker.receive().state;
    if (state != State::moved) return state;
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  const base::MutexLock lock(core_.mutex());
  if (error) {
    driver().unreadable(worker, error, Clock::now());
  } else {
    driver().received(worker, Clock::now());
  }
  return state;
}

void Dispatcher::Loop::on_ended(WorkerId id) {
  WorkerLink* const link = workers().find(id);
  if (link == nullptr) return;
  const base::MutexLock lock(core_.mutex());
  link->ended = true;
}

// --- what they are sent ---

// It needs no lock: a link with something in its outbox is not borrowed.
void Dispatcher::Loop::flush() {
  for (WorkerProcess* const worker : std::exchange(dirty_, {})) flush(*worker);
}

void Dispatcher::Loop::flush(WorkerProcess& worker) {
  if (worker.blocked || !worker.tasks || worker.broken || core_.ended()) return;
  worker.dirty = false;
  const WorkerProcess::Written written = worker.write();
  if (written.stop == WorkerProcess::Stop::none) return;
  if (written.stop == WorkerProcess::Stop::failed) return cut_off(worker, written.error);
  worker.blocked = true;
  wait_for_room(worker, written.stop);
}

void Dispatcher::Loop::wait_for_room(const WorkerProcess& worker, WorkerProcess::Stop stop) {
  LinkIo& io = *ios_[worker.id];
  const auto go_on = [this, id = worker.id] {
    WorkerLink* const unblocked = workers().find(id);
    if (unblocked == nullptr) return;
    unblocked->blocked = false;
    if (!core_.has_lost_descriptors()) flush(process_of(*unblocked));
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
void Dispatcher::Loop::cut_off(WorkerProcess& worker, int error) {
  const base::MutexLock lock(core_.mutex());
  driver().unreadable(
      worker, std::make_exception_ptr(SystemError("write", "sending tasks to a worker", error)),
      Clock::now());
  wake();
}

}  // namespace brood::pool
