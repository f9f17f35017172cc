#include <csignal>
#include <exception>

#include "platform/process.hpp"
#include "pool/dispatcher_loop.hpp"

// Workers as the dispatcher sees them: their results, their starts, their ends.
namespace brood::pool {

using Clock = std::chrono::steady_clock;
using State = platform::Transfer::State;

namespace {

constexpr int reads_per_turn = 8;
constexpr std::chrono::milliseconds time_to_die{100};  // behind the end of a worker's stream

}  // namespace

void Dispatcher::Loop::attach(WorkerLink& link) {
  ios_[link.id] = std::make_unique<LinkIo>(io_);
  link.dirty = !link.outbox.empty();
  ios_[link.id]->process.wait(link.pidfd.get(), boost::asio::posix::descriptor_base::wait_read,
                              [this, id = link.id] { on_ended(id); });
  watch_results(link);
}

void Dispatcher::Loop::watch_results(WorkerLink& link) {
  ios_[link.id]->results.wait(link.results.get(), boost::asio::posix::descriptor_base::wait_read,
                              [this, id = link.id] { on_results(id); });
}

// An idle worker's pipe is not watched, so that it can be lent; a busy one's is.
void Dispatcher::Loop::balance_watches() {
  for (const auto& link : core_.links()) {
    if (!link || link->lent) continue;
    LinkIo& io = *ios_[link->id];
    const bool lendable = !guard_.on() && !io.silent && core_.scheduler().view(link->id).free &&
                          link->outbox.empty() && !io.blocked;
    if (lendable) {
      io.results.release();
      io.tasks.release();
      io.escort.release();
    } else if (!io.results.watching() && !link->broken && !io.silent) {
      watch_results(*link);
    }
    core_.scheduler().set_borrowable(link->id, lendable);
  }
}

void Dispatcher::Loop::on_results(WorkerId id) {
  WorkerLink* const link = core_.link(id);
  if (link == nullptr) return;
  if (core_.has_lost_descriptors()) return;  // a copy of this process keeps it watched
  State state = State::moved;
  for (int turn = 0; turn < reads_per_turn && state == State::moved && !link->broken; ++turn)
    state = hear(*link);
  const bool more = state == State::moved || state == State::would_block;
  if (more && !link->broken) return watch_results(*link);
  const std::lock_guard lock(core_.mutex());
  ios_[id]->results.release();  // end of stream: the pidfd tells the rest
  ios_[id]->silent = true;
  if (ios_[id]->ended) return;
  if (!link->broken) return ios_[id]->wait_for(time_to_die, [this, id] { stop_if_silent(id); });
  core_.note_silence(*link);
  stop(*link);
}

// Most have closed the pipe by dying, and are not to be stopped: what they died of is reported.
void Dispatcher::Loop::stop_if_silent(WorkerId id) {
  WorkerLink* const link = core_.link(id);
  if (link == nullptr || ios_[id]->ended || core_.has_lost_descriptors()) return;
  const std::lock_guard lock(core_.mutex());
  core_.note_silence(*link);
  stop(*link);
}

// Reads once. What goes wrong meanwhile is the worker's, for whose bytes it happened.
State Dispatcher::Loop::hear(WorkerLink& link) {
  State state = State::failed;
  std::exception_ptr error;
  try {
    state = link.read_once().state;
    if (state != State::moved) return state;
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  const std::lock_guard lock(core_.mutex());
  try {
    if (!error) core_.parse(link);
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  if (error) broken(link, error);
  core_.perform(this);
  return state;
}

void Dispatcher::Loop::on_ended(WorkerId id) { ios_[id]->ended = true; }

void Dispatcher::Loop::bury_the_dead() {
  for (WorkerId id = 0; id < ios_.size(); ++id) {
    if (!ios_[id] || !ios_[id]->ended) continue;
    {
      const std::lock_guard lock(core_.mutex());
      if (core_.link(id)->lent) continue;  // whom it is lent to sees it too, and gives it back
      core_.scheduler().set_borrowable(id, false);  // nobody else drives it from now on
      core_.perform(this);
    }
    if (const std::optional<Death> death = starts_.ended(*core_.link(id), Clock::now()))
      bury(id, *death);
  }
}

// The pipe first, then the page, then who is charged. Of one that is left behind nothing is read:
// it may go on writing.
void Dispatcher::Loop::bury(WorkerId id, const Death& death) {
  WorkerLink& link = *core_.link(id);
  if (!link.broken && !link.left) read_the_rest(link);
  const std::lock_guard lock(core_.mutex());
  ios_[id].reset();
  core_.bury(id, death);
  core_.perform(this);
}

// What was in the pipe when it died: a copy of it, which a task has forked, may write for ever.
void Dispatcher::Loop::read_the_rest(WorkerLink& link) noexcept {
  try {
    std::size_t left = platform::bytes_in(link.results.get());
    while (left != 0) {
      const platform::Transfer transfer = link.read_once();
      if (transfer.state != State::moved) break;
      left -= std::min(left, transfer.count);
      const std::lock_guard lock(core_.mutex());
      core_.parse(link);
    }
    const std::lock_guard lock(core_.mutex());
    core_.parse_rest(link);
  } catch (const std::exception&) {
    const std::lock_guard lock(core_.mutex());
    core_.note_fault(link, std::current_exception());
  }
}

void Dispatcher::Loop::admit_started() {
  while (WorkerLink* const link = starts_.next()) {
    const WorkerId id = link->id;
    try {
      attach(*link);
    } catch (...) {
      give_up_start(id);
      starts_.failed(id, std::current_exception());
    }
  }
}

// A process that is there already, but cannot be watched.
void Dispatcher::Loop::give_up_start(WorkerId id) noexcept {
  ios_[id].reset();
  const std::unique_ptr<WorkerLink> link = std::move(core_.links()[id]);
  if (link) core_.supervisor().discard(*link);
}

void Dispatcher::Loop::end_all_workers() noexcept {
  for (const auto& link : core_.links()) {
    if (link) platform::send_signal(link->pidfd, SIGKILL);
  }
  for (const auto& link : core_.links()) {
    if (link) core_.supervisor().discard(*link);
  }
  try {
    starts_.abandon_all();
  } catch (...) {  // the server ends them with the connection
  }
}

// True if one is left behind: as far as this pool can know it has ended.
bool Dispatcher::Loop::kill_the_overdue(Time now) {
  bool left_behind = false;
  for (const auto& link : core_.links()) {
    if (!link) continue;
    if (link->broken && !link->lent) stop(*link);
    const std::optional<std::string> why = core_.supervisor().kill_if_overdue(*link, now);
    if (!why) continue;
    core_.callbacks().log_error(*why);
    ios_[link->id]->ended = left_behind = true;
  }
  return left_behind;
}

void Dispatcher::Loop::broken(WorkerLink& link, const std::exception_ptr& error) noexcept {
  core_.break_link(link, error);
  stop(link);
}

}  // namespace brood::pool
