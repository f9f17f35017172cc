#include <poll.h>

#include <array>
#include <exception>
#include <optional>

#include "platform/system_calls.hpp"
#include "pool/core.hpp"
#include "pool/dispatcher.hpp"

// A caller that waits for a single task drives an idle worker itself: write, poll, read. No other
// thread is woken, which would double the round trip.
namespace brood::pool {

/// A worker that is lent to this thread, which gives it back whatever happens: as broken, and its
/// job cancelled, where the thread is left by an exception (or pthread_cancel).
class Core::Loan {
 public:
  Loan(Core& core, WorkerLink& link, JobState& job) : core_(core), link_(link), job_(job) {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() {
    if (!over_) abandon();
  }
  WorkerLink& link() const noexcept { return link_; }
  const JobState& job() const noexcept { return job_; }
  /// Under the lock.
  void end() noexcept {
    over_ = true;
    link_.lent = job_.driven = false;
    link_.dirty = !link_.outbox.empty();
    core_.scheduler_.give_back(link_.id);
  }

 private:
  // What the job has lent goes with the caller's frame: nothing may refer to it then.
  void abandon() noexcept {
    try {
      core_.under_lock([this] {
        link_.outbox.clear();
        core_.break_link(link_, core_.no_memory_);
        end();
        core_.fail(job_, core_.no_memory_);
        core_.perform(nullptr);
      });
    } catch (...) {  // the dispatcher ends it all
    }
    core_.wake();
  }

  Core& core_;
  WorkerLink& link_;
  JobState& job_;
  bool over_ = false;
};

detail::JobHandle Core::call(detail::JobSpec&& spec) {
  const std::shared_ptr<JobState> state = make_job(std::move(spec));
  WorkerLink* link = nullptr;
  under_lock([&] {
    const bool timed = state->terms().timeout.has_value();
    take_intake();
    add(state);
    const auto assignment =
        timed ? std::nullopt : scheduler_.borrow(state->id, std::chrono::steady_clock::now());
    if (!assignment) return;
    link = links_[assignment->worker].get();
    hand_over(*link, *state, *assignment);
  });
  const bool others_wait = link == nullptr || drive(*link, *state);
  if (others_wait) wake();
  return state;
}

// Under the lock. What is written halfway is never sent.
void Core::hand_over(WorkerLink& link, JobState& job, const Assignment& assignment) {
  link.lent = job.driven = true;
  try {
    tell_forgotten(link);
    append_run(link, job, assignment);
  } catch (const std::exception&) {
    link.outbox.clear();
    break_link(link, std::current_exception());
  }
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
  Loan loan(*this, link, job);
  std::optional<bool> others_wait;
  while (!others_wait) {
    std::exception_ptr error;
    bool heard = false;
    try {
      heard = !link.broken && exchange(link);
    } catch (const std::exception&) {
      error = std::current_exception();
    }
    others_wait = under_lock([&] { return take_in(loan, heard, error); });
  }
  return *others_wait;
}

// What has been heard, under the lock; nothing when there is more to come.
std::optional<bool> Core::take_in(Loan& loan, bool heard, std::exception_ptr error) {
  WorkerLink& link = loan.link();
  const JobState& job = loan.job();
  try {
    if (heard) parse(link);
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  if (error) break_link(link, error);
  perform(nullptr);
  const bool trouble = !heard || error;                  // only the dispatcher can stop it
  const bool elsewhere = scheduler_.view(link.id).idle;  // it will be tried again
  if (!trouble && !elsewhere && !job.finished()) return std::nullopt;
  // A worker may answer before it has read all of an argument. What is left of that goes with the
  // caller's frame; the worker drops it.
  if (!link.outbox.detach(job.id)) break_link(link, no_memory_);
  loan.end();
  return trouble || !job.finished() || scheduler_.view().wants_pump ||
         scheduler_.view(link.id).used_up || !deferred_.empty();
}

// How often a caller looks up from the worker that it drives.
constexpr int look_up_ms = 500;

// Writes what there is to write, and reads once. False when the worker has ended or a call fails.
bool Core::exchange(WorkerLink& link) const {
  using Stop = Outbox::Stop;
  for (;;) {
    if (has_lost_descriptors()) return false;
    const Stop stop =
        link.outbox.empty() ? Stop::none : link.outbox.write_to(link.tasks.get(), link.escort).stop;
    if (stop == Stop::failed) return false;
    const int full = stop == Stop::pipe_full ? link.tasks.get() : link.escort.number();
    const bool blocked = stop == Stop::pipe_full || stop == Stop::escort_full;
    const int most_ms = stop == Stop::crowded ? int{platform::crowd_time.count()} : look_up_ms;
    std::array<pollfd, 3> waits{pollfd{link.results.get(), POLLIN, 0},
                                pollfd{link.pidfd.get(), POLLIN, 0}, pollfd{full, POLLOUT, 0}};
    if (platform::system_calls().poll(waits.data(), blocked ? 3 : 2, most_ms) < 0) continue;
    if (waits[0].revents != 0 && has_lost_descriptors()) return false;
    if (waits[0].revents != 0) return link.read_once().state == platform::Transfer::State::moved;
    if (waits[1].revents != 0) return false;
    if (ended() || link.left) return false;  // no signal may end it: see Supervisor
  }
}

}  // namespace brood::pool
