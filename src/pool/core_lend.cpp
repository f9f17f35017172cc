#include <poll.h>

#include <array>

#include "platform/system_calls.hpp"
#include "pool/core.hpp"
#include "pool/dispatcher.hpp"

// A caller that waits for a single task drives an idle worker itself: write, poll, read. No other
// thread is woken, which would double the round trip.
namespace brood::pool {

detail::JobHandle Core::call(detail::JobSpec&& spec) {
  const std::shared_ptr<JobState> state = make_job(std::move(spec));
  WorkerLink* link = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const bool timed = state->terms().timeout.has_value();
    take_intake();
    add(state);
    const auto assignment =
        timed ? std::nullopt : scheduler_.lend(state->id, std::chrono::steady_clock::now());
    if (assignment) {
      link = links_[assignment->worker].get();
      link->lent = state->driven = true;
      tell_forgotten(*link);
      append_run(*link, *state, *assignment);
    }
  }
  const bool others_wait = link == nullptr || drive(*link, *state);
  if (others_wait) dispatcher_->wake();
  return state;
}

// A worker that is lent again and again is never the dispatcher's, who would tell it.
void Core::tell_forgotten(WorkerLink& link) {
  std::erase_if(deferred_, [&link](const Action& action) {
    if (action.kind != Action::Kind::forget || action.worker != link.id) return false;
    link.forget(action.job);
    return true;
  });
}

// Until the job is finished, or something is wrong; then the link is given back. True if the
// dispatcher has something to do.
bool Core::drive(WorkerLink& link, JobState& job) {
  for (;;) {
    const bool heard = exchange(link);
    const std::lock_guard lock(mutex_);
    bool trouble = !heard;
    try {
      if (heard) parse(link);
    } catch (const Error&) {
      link.broken = true;
      scheduler_.worker_broken(link.id, std::chrono::steady_clock::now());
      trouble = true;  // only the dispatcher can stop it
    }
    perform(nullptr);
    const bool elsewhere = scheduler_.idle(link.id);  // it will be tried again
    if (!trouble && !elsewhere && !job.finished()) continue;
    link.lent = job.driven = false;
    link.dirty = !link.outbox.empty();
    scheduler_.give_back(link.id);
    return trouble || !job.finished() || scheduler_.wants_pump() || scheduler_.used_up(link.id) ||
           !deferred_.empty();
  }
}

// Writes what there is to write, and reads once. False when the worker has ended or a call fails.
bool Core::exchange(WorkerLink& link) {
  using Stop = Outbox::Stop;
  for (;;) {
    const Stop stop =
        link.outbox.empty() ? Stop::none : link.outbox.write_to(link.tasks.get(), link.escort).stop;
    if (stop == Stop::failed) return false;
    const int full = stop == Stop::pipe_full ? link.tasks.get() : link.escort.number();
    const bool blocked = stop == Stop::pipe_full || stop == Stop::escort_full;
    const int most_ms = stop == Stop::crowded ? int{platform::crowd_time.count()} : -1;
    std::array<pollfd, 3> waits{pollfd{link.results.get(), POLLIN, 0},
                                pollfd{link.pidfd.get(), POLLIN, 0}, pollfd{full, POLLOUT, 0}};
    if (platform::system_calls().poll(waits.data(), blocked ? 3 : 2, most_ms) < 0) continue;
    if (waits[0].revents != 0) return link.read_once().state == platform::Transfer::State::moved;
    if (waits[1].revents != 0) return false;
  }
}

}  // namespace brood::pool
