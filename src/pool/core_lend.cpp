#include <poll.h>

#include <array>

#include "pool/core.hpp"
#include "pool/dispatcher.hpp"

// A caller that waits for a single task drives an idle worker itself: write, poll, read. No other
// thread is woken, which would double the round trip.
namespace brood::pool {

detail::JobHandle Core::call(detail::JobSpec&& spec) {
  check_process();
  check_size(spec.elements, supervisor_.message_limit());
  std::shared_ptr<JobState> state;
  WorkerLink* link = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const bool timed = spec.timeout.has_value();
    state = add(std::move(spec));
    const auto assignment =
        timed ? std::nullopt : scheduler_.lend(state->id, std::chrono::steady_clock::now());
    if (assignment) {
      link = links_[assignment->worker].get();
      link->lent = true;
      append_run(*link, *state, *assignment);
    }
  }
  if (link == nullptr) {
    dispatcher_->wake();
    return state;
  }
  bool others_wait = false;
  const bool trouble = !exchange(*link, *state);
  {
    const std::lock_guard lock(mutex_);
    link->lent = false;
    link->dirty = !link->outbox.empty();
    scheduler_.give_back(link->id, std::chrono::steady_clock::now());
    others_wait = trouble || scheduler_.wants_pump() || !deferred_.empty();
  }
  if (others_wait) dispatcher_->wake();
  return state;
}

// Until the job is finished. False when the worker has ended or something else is wrong: the
// dispatcher will see to it.
bool Core::exchange(WorkerLink& link, JobState& job) {
  using State = platform::Transfer::State;
  while (!job.finished()) {
    const State written =
        link.outbox.empty() ? State::moved : link.outbox.write_to(link.tasks.get());
    if (written != State::moved && written != State::would_block) return false;
    const short write_event = written == State::would_block ? POLLOUT : 0;
    std::array<pollfd, 3> waits{pollfd{link.results.get(), POLLIN, 0},
                                pollfd{link.pidfd.get(), POLLIN, 0},
                                pollfd{link.tasks.get(), write_event, 0}};
    if (::poll(waits.data(), write_event != 0 ? 3 : 2, -1) < 0) continue;  // EINTR
    if (waits[0].revents == 0) {
      if (waits[1].revents != 0) return false;
      continue;
    }
    if (link.read_once().state != State::moved) return false;
    const std::lock_guard lock(mutex_);
    try {
      parse(link);
    } catch (const Error&) {
      scheduler_.worker_broken(link.id, std::chrono::steady_clock::now());
      perform(nullptr);
      return false;  // only the dispatcher can stop it
    }
    perform(nullptr);
  }
  return true;
}

}  // namespace brood::pool
