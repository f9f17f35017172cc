#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "platform/rights.hpp"
#include "platform/sentinel.hpp"
#include "pool/core.hpp"
#include "pool/interrupt.hpp"
#include "wire/exception.hpp"

// What goes wrong in the owner while it serves its workers, and whose outcome it becomes.
namespace brood::pool {

namespace {

bool is_shortage(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const std::length_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

std::exception_ptr shortage(const std::string& stage) {
  return std::make_exception_ptr(SystemError("malloc", stage, ENOMEM));
}

int code_of(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& refused) {
    return refused.code().value();
  } catch (const SystemError& refused) {
    return refused.code().value();
  } catch (...) {
    return is_shortage(error) ? ENOMEM : ECANCELED;
  }
}

/// `body`, or where there is no memory for it, nothing.
template <class Body>
void if_possible(Body body) noexcept {
  try {
    body();
  } catch (const std::exception&) {
  }
}

// Handles of one object have one descriptor.
void keep_one_of_each(std::vector<detail::DescriptorRef>& descriptors) {
  std::sort(descriptors.begin(), descriptors.end());
  descriptors.erase(std::unique(descriptors.begin(), descriptors.end()), descriptors.end());
}

}  // namespace

void Core::note_fault(WorkerLink& link, const std::exception_ptr& error) noexcept {
  if (is_shortage(error) && !link.fault_of_ours) {
    link.fault_of_ours = no_memory_;
    if_possible([&] {
      link.fault_of_ours =
          shortage("this process has no memory for what " + link.name + " has sent it");
    });
  }
  if_possible([&] {
    const char* const what = link.broken ? " is stopped: " : " left a broken stream: ";
    const std::string why =
        wire::describe_exception(link.fault_of_ours ? link.fault_of_ours : error);
    callbacks_.log_error(link.name + what + why);
    if (link.broken) link.stopped_because = why;
  });
}

void Core::note_doubt(WorkerLink& link, const char* why) noexcept {
  if (std::exchange(link.broken, true)) return;
  if_possible([&] {
    link.stopped_because = why;
    callbacks_.log_error(link.name + " is stopped: " + why);
  });
}

// Most that end so are dying already: then their exit status says more.
void Core::note_silence(WorkerLink& link) noexcept {
  if (!link.stopped_because.empty()) return;
  if_possible([&] { link.stopped_because = "it has closed the pipe of its results"; });
}

void Core::break_link(WorkerLink& link, const std::exception_ptr& error) noexcept {
  if (std::exchange(link.broken, true)) return;
  note_start_error(error);  // tells only if it never came up
  note_fault(link, error);
  // Without memory for that action the dispatcher finds the link by its state.
  if_possible([&] { scheduler_.worker_broken(link.id, std::chrono::steady_clock::now()); });
}

// Descriptors that wait for their results have at most half of this process's table, and the worker
// that has sent most of them is stopped: else it could keep the program from opening anything.
void Core::bound_carried() {
  const std::size_t limit = platform::descriptor_limit() / 2;
  const auto sum = [this] {
    std::size_t all = 0;
    for (const auto& link : links_) all += link ? link->carried.size() : 0;
    return all;
  };
  if (sum() <= limit) return;
  WorkerLink* most = nullptr;
  for (const auto& link : links_) {
    if (!link) continue;
    keep_one_of_each(link->carried);
    if (most == nullptr || link->carried.size() > most->carried.size()) most = link.get();
  }
  if (most == nullptr || sum() <= limit) return;
  most->carried.clear();
  scheduler_.worker_broken(most->id, std::chrono::steady_clock::now(),
                           "its results bring more descriptors than this process has room for");
}

// Elements that the scheduler knows as resolved have outcomes that cannot be kept. What cannot even
// be said of one element is said of the whole job.
void Core::refuse(Work& work, std::size_t first, std::size_t count,
                  const std::exception_ptr& error) {
  const bool nonsense = error != no_memory_ && !is_shortage(error);
  std::exception_ptr reason = nonsense ? error : no_memory_;
  try {
    if (!nonsense) reason = shortage("this process has no memory for the result of a task");
    for (std::size_t i = first; i < first + count; ++i) {
      auto failure = std::make_unique<detail::Failure>();
      failure->local = reason;
      work.fail(i, std::move(failure), callbacks_);
    }
  } catch (const std::bad_alloc&) {
    fail(work, reason);
  }
  if (nonsense) std::rethrow_exception(error);
}

// Where outboxes may refer to what it has lent, the dispatcher sees to its end: as cancelled.
void Core::fail(Work& work, const std::exception_ptr& error) {
  if (!work.finished() && (!work.lends() || work.driven)) work.finish(error, callbacks_);
  scheduler_.cancel(work.id, Action::all, true, std::chrono::steady_clock::now());
}

void Core::lose_descriptors() noexcept {
  std::call_once(losing_, [this] {
    self_ = shared_from_this();
    platform::forget_lost_descriptors();
    Interrupt::lose_descriptors();
    std::exception_ptr error = no_memory_;
    if_possible([&] {
      error = std::make_exception_ptr(
          SystemError("close", "this program has closed descriptors of a brood::Pool", EBADF));
    });
    collapse(error);
    lost_.store(true);
  });
}

void Core::collapse(const std::exception_ptr& error) noexcept {
  std::exception_ptr reason = no_memory_;
  if_possible([&] {
    const std::string text = wire::describe_exception(error);
    callbacks_.log_error("a pool ends: " + text);
    reason = std::make_exception_ptr(
        SystemError("the pool's dispatcher", "serving its workers: " + text, code_of(error)));
  });
  const std::lock_guard lock(mutex_);
  collapsed_ = reason;
  ended_.store(true, std::memory_order_release);
  scheduler_.close(Closing::when_done, {});
  std::vector<std::shared_ptr<JobState>> left;
  {
    const std::lock_guard intake(intake_mutex_);
    intake_error_ = reason;
    left.swap(intake_);
  }
  const auto end = [&](const std::shared_ptr<JobState>& call) {
    if (call && !call->finished()) call->finish(reason, callbacks_);
  };
  for (const auto& call : left) end(call);
  for (const auto& call : intake_taken_) end(call);
  for (const auto& work : jobs_) {
    if (work && !work->finished()) work->finish(reason, callbacks_);
  }
}

}  // namespace brood::pool
