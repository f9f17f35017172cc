#include "pool/starts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "pool/core.hpp"
#include "pool/crash.hpp"

namespace brood::pool {

namespace {

using Clock = std::chrono::steady_clock;

// A server tells at once, unless it is stopped or the machine is very busy.
constexpr std::chrono::seconds time_to_tell{1};
constexpr std::chrono::seconds time_to_answer{2};

std::exception_ptr refused_start(const std::string& method, const SystemError& refused) noexcept {
  try {
    return std::make_exception_ptr(StartError(method, "launch", refused.what()));
  } catch (const std::bad_alloc&) {
    return std::current_exception();
  }
}

StartFailure kind_of(int error) noexcept {
  constexpr std::array passing{EAGAIN, EMFILE, ENFILE, ENOMEM, ENOBUFS, ETOOMANYREFS};
  const bool is_lack = std::find(passing.begin(), passing.end(), error) != passing.end();
  return is_lack ? StartFailure::lack : StartFailure::other;
}

}  // namespace

void Starts::ask(WorkerId id) {
  answers_.release();
  try {
    asked_.insert_or_assign(id, core_.supervisor().ask(id));
  } catch (...) {
    failed(id, std::current_exception());
  }
}

// While the answers are watched none has come. (To watch them anew would wake the dispatcher.)
WorkerLink* Starts::next() {
  if (asked_.empty() || answers_.watching()) return nullptr;
  for (auto entry = asked_.begin(); entry != asked_.end();) {
    const WorkerId id = entry->first;
    std::unique_ptr<WorkerLink> link;
    std::exception_ptr why;
    try {
      link = core_.supervisor().answer(entry->second);
    } catch (...) {
      why = std::current_exception();
      core_.supervisor().abandon(entry->second);
    }
    if (!link && !why) {
      ++entry;
      continue;
    }
    entry = asked_.erase(entry);
    if (link) return admit(std::move(link));
    failed(id, why);
  }
  return nullptr;
}

WorkerLink* Starts::admit(std::unique_ptr<WorkerLink> link) {
  WorkerLink& admitted = *link;
  core_.links()[admitted.id] = std::move(link);
  core_.scheduler().worker_started(admitted.id, Clock::now());
  return &admitted;
}

// A server may refuse for want of anything, also of memory here; a launcher throws what it likes.
void Starts::failed(WorkerId id, std::exception_ptr why) {
  StartFailure kind = StartFailure::other;
  try {
    std::rethrow_exception(why);
  } catch (const SystemError& refused) {
    kind = kind_of(refused.code().value());
    why = refused_start(core_.supervisor().method_name(), refused);
  } catch (const std::bad_alloc&) {
    kind = StartFailure::lack;
  } catch (...) {
    // As it is.
  }
  core_.note_start_error(std::move(why));
  core_.scheduler().start_failed(id, Clock::now(), kind);
}

void Starts::abandon(WorkerId id) {
  const auto entry = asked_.find(id);
  if (entry == asked_.end()) return;
  answers_.release();
  std::exception_ptr why = core_.supervisor().why_not_born(entry->second);
  core_.supervisor().abandon(entry->second);
  asked_.erase(entry);
  failed(id, std::move(why));
}

void Starts::abandon_all() {
  while (!asked_.empty()) abandon(asked_.begin()->first);
}

// A task without a sandbox may have stopped it, and have been killed before it could let it go on.
void Starts::urge(Time now) {
  const std::optional<Time> next = next_urge();
  if (!next || now < *next) return;
  urged_ = now;
  core_.supervisor().resume_server();
}

std::optional<Time> Starts::next_urge() const {
  std::optional<Time> oldest;
  for (const auto& [id, birth] : asked_) {
    if (!oldest || birth.link->since < *oldest) oldest = birth.link->since;
  }
  if (!oldest) return std::nullopt;
  return std::max(*oldest, urged_) + time_to_answer;
}

std::optional<Death> Starts::ended(const WorkerLink& link, Time now) {
  std::optional<Death> death;
  try {
    if (link.left) {
      death = Death{};
    } else if (!answers_.watching()) {
      death = core_.supervisor().ended(link);
    }
  } catch (const std::exception&) {
    death = Death{};  // `lost`
  }
  const auto entry = untold_.try_emplace(link.id, now + time_to_tell).first;
  if (!death && now >= entry->second) death = Death{};
  if (death && death->ended.status.kind == ExitStatus::Kind::lost && !link.left)
    death->ended.status = status_told_by(link);
  if (death) untold_.erase(entry);
  return death;
}

std::optional<Time> Starts::deadline() const {
  std::optional<Time> soonest = next_urge();
  for (const auto& [id, deadline] : untold_) {
    if (!soonest || deadline < *soonest) soonest = deadline;
  }
  return soonest;
}

void Starts::watch() {
  const int number = core_.supervisor().answers();
  if (number < 0 || answers_.watching() || (asked_.empty() && untold_.empty())) return;
  answers_.wait(number, boost::asio::posix::descriptor_base::wait_read,
                [this] { answers_.release(); });
}

}  // namespace brood::pool
