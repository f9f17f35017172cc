#include "pool/dispatcher/starts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace brood::pool {

namespace {

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
  read_since_ = true;
  try {
    asked_.insert_or_assign(id, supervisor_.ask(id));
  } catch (...) {
    return fail(id, std::current_exception());
  }
  report();
}

// While the answers are watched none has come. (To watch them anew would wake the dispatcher.)
void Starts::report() {
  if (asked_.empty() || answers_.watching()) return;
  read_since_ = true;
  for (auto entry = asked_.begin(); entry != asked_.end();) {
    const WorkerId id = entry->first;
    std::unique_ptr<WorkerProcess> worker;
    std::exception_ptr why;
    try {
      worker = supervisor_.answer(entry->second);
    } catch (...) {
      why = std::current_exception();
      supervisor_.abandon(entry->second);
    }
    if (!worker && !why) {
      ++entry;
      continue;
    }
    entry = asked_.erase(entry);
    if (worker) {
      events_.on_started(std::move(worker));
    } else {
      fail(id, why);
    }
  }
}

// A server may refuse for want of anything, also of memory here; a launcher throws what it likes.
void Starts::fail(WorkerId id, std::exception_ptr why) {
  StartFailure kind = StartFailure::other;
  try {
    std::rethrow_exception(why);
  } catch (const SystemError& refused) {
    kind = kind_of(refused.code().value());
    why = refused_start(supervisor_.method_name(), refused);
  } catch (const std::bad_alloc&) {
    kind = StartFailure::lack;
  } catch (...) {
    // As it is.
  }
  events_.on_start_failed(id, std::move(why), kind);
}

void Starts::abandon(WorkerId id) {
  const auto entry = asked_.find(id);
  if (entry == asked_.end()) return;
  answers_.release();
  std::exception_ptr why = supervisor_.why_not_born(entry->second);
  supervisor_.abandon(entry->second);
  asked_.erase(entry);
  fail(id, std::move(why));
}

void Starts::abandon_all() {
  while (!asked_.empty()) abandon(asked_.begin()->first);
}

void Starts::drop_all() {
  answers_.release();
  for (auto& [id, birth] : std::exchange(asked_, {})) supervisor_.abandon(birth);
}

// A task without a sandbox may have stopped it, and have been killed before it could let it go on.
void Starts::urge(Time now) {
  const std::optional<Time> next = next_urge();
  if (!next || now < *next) return;
  urged_ = now;
  supervisor_.resume_server();
}

std::optional<Time> Starts::next_urge() const {
  std::optional<Time> oldest;
  for (const auto& [id, birth] : asked_) {
    if (!oldest || birth.worker->since < *oldest) oldest = birth.worker->since;
  }
  if (!oldest) return std::nullopt;
  return std::max(*oldest, urged_) + time_to_answer;
}

// Once a status is missing nothing more is received in this turn: it would come with that of
// another worker, and nothing would come for it any more.
std::optional<Death> Starts::ended(const WorkerProcess& worker) noexcept {
  std::optional<Death> death;
  try {
    if (!answers_.watching()) {
      if (!awaits_status_) receive();
      death = supervisor_.ended(worker);
    }
  } catch (const std::exception&) {
    death = Death{};  // `lost`
  }
  if (!death) {
    awaits_status_ = true;
    read_since_ = false;
  }
  return death;
}

// Where that fails for want of memory, it is of no worker in particular: the next turn tries again.
void Starts::receive() noexcept {
  try {
    supervisor_.receive();
  } catch (const std::exception&) {
  }
}

// A start that was asked for behind a status has read both from the server: nothing would come for
// the status any more.
bool Starts::watch() {
  const int number = supervisor_.answers();
  const bool awaits_status = std::exchange(awaits_status_, false);
  if (awaits_status && read_since_) return false;
  if (number < 0 || answers_.watching() || (asked_.empty() && !awaits_status)) return true;
  answers_.wait(number, boost::asio::posix::descriptor_base::wait_read,
                [this] { answers_.release(); });
  return true;
}

}  // namespace brood::pool
