#include "pool/driver/worker_table.hpp"

#include <string>
#include <utility>

#include "pool/failures/errors.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace {

constexpr auto grace = std::chrono::milliseconds(500);  // between SIGTERM and SIGKILL
// Behind the end of a worker's stream: most have closed it by dying, and are not to be stopped, for
// what they died of is reported.
constexpr auto time_to_die = std::chrono::milliseconds(100);
// A server reports a status at once, unless it is stopped or the machine is very busy.
constexpr auto time_to_report = std::chrono::seconds(1);
// So often, `grace` apart, a worker has been sent SIGKILL, or a server been asked to send it,
// before it is left to itself. The end of a process with much memory takes a while.
constexpr int kills_in_vain = 20, kills_asked_in_vain = 3;

int kills_before_it_is_left(SignalResult state) noexcept {
  if (state == SignalResult::refused) return 1;
  return state == SignalResult::asked ? kills_asked_in_vain : kills_in_vain;
}

const char* why_it_is_left(SignalResult state) noexcept {
  return state == SignalResult::sent
             ? "has not ended by SIGKILL: it sleeps in the kernel where no signal wakes it, in a "
               "file system that does not answer, say"
             : "cannot be ended, for the system refuses this process's signals to it";
}

// Null where it is nothing against the worker, or that has been noted with what was wrong.
const char* text_of(StopReason why) noexcept {
  switch (why) {
    case StopReason::none:
    case StopReason::unreadable:
    case StopReason::memory:
      return nullptr;
    case StopReason::descriptors:
      return "its results bring more descriptors than this process has room for";
    case StopReason::main_thread_ended:
      return "its main thread has ended";
    case StopReason::unbegun:
      return "it has not begun in time what it was sent";
    case StopReason::unreported:
      return "it does not tell what has become of what it has ended";
    case StopReason::unresponsive:
      return "it does not see that elements have been taken back";
  }
  return nullptr;
}

}  // namespace

void WorkerTable::admit(std::unique_ptr<WorkerLink> link) {
  touch(*link);
  links_[link->id] = std::move(link);
}

void WorkerTable::remove(WorkerLink& link) noexcept {
  processes_.release(link);
  for (SlotSet* const set : {&touched_, &settled_, &unwritten_, &ending_}) set->erase(link.id);
  links_[link.id].reset();
}

bool WorkerTable::note_broken(WorkerLink& link) noexcept {
  if (link.broken.exchange(true)) return false;
  ending_.insert(link.id);
  touch(link);
  return true;
}

void WorkerTable::note_ended(WorkerLink& link) noexcept {
  link.ended = true;
  ending_.insert(link.id);
}

// A handler of SIGTERM might take yet more memory, or write more of what makes no sense.
void WorkerTable::stop(WorkerLink& link, Time now) noexcept {
  const bool at_once = link.broken || link.oversize != 0;
  const bool stopped = link.kill_at != Time{};
  if (stopped && (link.killed || !at_once)) return;
  ending_.insert(link.id);
  processes_.signal(link, at_once ? StopSignal::kill : StopSignal::terminate);
  link.killed = at_once;
  link.terminate_at = Time{};
  link.kill_at = now + grace;
}

void WorkerTable::ask_and_stop(WorkerLink& link, Time now) noexcept {
  const bool at_once = link.broken || link.oversize != 0 || link.kill_at != Time{};
  if (at_once || !asked_to_stop(link)) return stop(link, now);
  ending_.insert(link.id);
  link.terminate_at = now + grace;
  link.kill_at = link.terminate_at + grace;
}

// What runs is asked once. Its worker leaves when that has returned: what it had besides has been
// taken back.
bool WorkerTable::asked_to_stop(WorkerLink& link) noexcept {
  protocol::WorkerPage& page = link.page();
  const std::uint64_t element = protocol::PageWatch::stoppable(page);
  if (element == 0 || element != page.claimed.load() || element == page.stop_requested.load())
    return false;
  link.request_stop(element);
  if (!link.borrowed) link.end_tasks();
  return true;
}

void WorkerTable::note_hang_up(WorkerLink& link, Time now) noexcept {
  link.hung_up = true;
  ending_.insert(link.id);
  touch(link);
  if (link.ended) return;
  if (!link.broken) {
    link.must_end_by = now + time_to_die;
  } else {
    blame_the_hang_up(link);
    stop(link, now);
  }
}

void WorkerTable::stop_overdue(Time now) {
  for (const WorkerId id : ending_) {
    WorkerLink& link = *links_[id];
    if (link.broken && !link.borrowed) stop(link, now);
    if (link.must_end_by != Time{} && link.must_end_by <= now && !link.ended) {
      link.must_end_by = Time{};
      blame_the_hang_up(link);
      stop(link, now);
    }
    kill_if_overdue(link, now);
  }
}

// One that this process cannot end is let go as it is: as far as this pool can know it has ended.
void WorkerTable::kill_if_overdue(WorkerLink& link, Time now) {
  if (link.terminate_at != Time{} && now >= link.terminate_at) {
    link.terminate_at = Time{};
    processes_.signal(link, StopSignal::terminate);
  }
  if (link.kill_at == Time{} || now < link.kill_at || link.left) return;
  link.kill_at = now + grace;
  link.killed = true;
  const SignalResult state = processes_.signal(link, StopSignal::kill);
  if (state == SignalResult::gone || ++link.kills < kills_before_it_is_left(state)) return;
  link.left = link.ended = true;
  if (link.borrowed) link.wake_caller();
  processes_.log_error(link.name + " (pid " + std::to_string(link.pid) + ") " +
                       why_it_is_left(state) + ". It is left to itself");
}

std::optional<Death> WorkerTable::death_of(WorkerLink& link, Time now) const {
  if (link.left) return Death{};
  if (link.status_due == Time{}) link.status_due = now + time_to_report;
  std::optional<Death> death = processes_.status(link);
  if (!death && now >= link.status_due) death = Death{};
  if (death && death->ended.status.kind == ExitStatus::Kind::lost)
    death->ended.status = reported_status(link.page().last_words);
  return death;
}

std::optional<Time> WorkerTable::next_time() const {
  std::optional<Time> soonest;
  const auto at = [&soonest](Time time) {
    if (time != Time{} && (!soonest || time < *soonest)) soonest = time;
  };
  for (const WorkerId id : ending_) {
    const WorkerLink& link = *links_[id];
    if (!link.left) at(link.terminate_at != Time{} ? link.terminate_at : link.kill_at);
    if (!link.ended) at(link.must_end_by);
    if (!link.borrowed) at(link.status_due);
  }
  return soonest;
}

void WorkerTable::note_fault(WorkerLink& link, const std::exception_ptr& error) noexcept {
  if (is_shortage(error) && !link.fault_of_ours) {
    link.fault_of_ours = out_of_memory();
    if_possible([&]() BROOD_REQUIRES(core_lock) {
      link.fault_of_ours =
          shortage("this process has no memory for what " + link.name + " has sent it");
    });
  }
  if_possible([&]() BROOD_REQUIRES(core_lock) {
    const char* const what = link.broken ? " is stopped: " : " left a broken stream: ";
    const std::string why =
        wire::describe_exception(link.fault_of_ours ? link.fault_of_ours : error);
    processes_.log_error(link.name + what + why);
    if (link.broken) link.stopped_because = why;
  });
}

void WorkerTable::note_stop_reason(WorkerLink& link, StopReason why) noexcept {
  const char* const text = text_of(why);
  if (text == nullptr || !note_broken(link)) return;
  if_possible([&]() BROOD_REQUIRES(core_lock) {
    link.stopped_because = text;
    processes_.log_error(link.name + " is stopped: " + text);
  });
}

// Most that end so are dying already: then their exit status says more.
void WorkerTable::blame_the_hang_up(WorkerLink& link) noexcept {
  if (!link.stopped_because.empty()) return;
  if_possible([&]() BROOD_REQUIRES(core_lock) {
    link.stopped_because = "it has closed the socket to its owner";
  });
}

bool WorkerTable::refers_to(JobId job) {
  for (const WorkerId id : unwritten()) {
    if (links_[id]->outbox.refers_to(job)) return true;
  }
  return false;
}

// Its caller touches a borrowed one when that is given back.
const SlotSet& WorkerTable::unwritten() {
  for (const WorkerId id : unwritten_) {
    const WorkerLink* const link = links_[id].get();
    if (link == nullptr || link->borrowed || link->outbox.empty()) unwritten_.erase(id);
  }
  return unwritten_;
}

}  // namespace brood::pool
