#include "caller.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <brood/codec.hpp>

namespace brood::simulation {

using pool::WorkerChannel;
using protocol::WakeUp;

Caller::Caller(Environment& environment, Referee& referee, JudgedScheduler& scheduler,
               pool::Driver& driver, std::function<void()> elsewhere, Link& link,
               std::shared_ptr<Call> call)
    : environment_(environment),
      referee_(referee),
      scheduler_(scheduler),
      driver_(driver),
      elsewhere_(std::move(elsewhere)),
      link_(link),
      call_(std::move(call)),
      fiber_([this] { body(); }) {}

Caller::~Caller() {
  dying_ = true;
  if (fiber_.begun() && !fiber_.ended()) fiber_.resume();
}

void Caller::body() {
  try {
    pool::BorrowedChannel channel(*this, *this, link_, *call_, this,
                                  environment_.parameters.large_result);
    has_left_work_ = channel.drive();
  } catch (const Gone&) {
  } catch (const std::exception& error) {
    referee_.note(Violation(std::string("an exception ends a caller: ") + error.what()));
  }
}

// A look in intervals finds what nothing wakes it for: the end of the pool. It makes up for nothing
// else.
bool Caller::runnable() const { return !runs_ && (!sleeps() || is_terminated()); }

void Caller::run() {
  runs_ = true;
  fiber_.resume();
  runs_ = false;
}

void Caller::pause() {
  fiber_.pause();
  if (dying_) throw Gone();
}

// As if it took time.
void Caller::elsewhere() {
  scheduler_.judge([this] { elsewhere_(); });
}

// By an exception, or by pthread_cancel(3).
void Caller::maybe_leave() {
  if (environment_.calm || !environment_.random.chance(environment_.parameters.desertion)) return;
  environment_.say("the caller of worker %u leaves", link_.id);
  ++environment_.census.deserted;
  scheduler_.judge([this] { referee_.deserted(*link_.process, call_->id); });
  throw Gone();
}

// --- what the thread does ---

bool Caller::look() {
  maybe_leave();
  scheduler_.judge([this] {
    if (link_.has_news() && !link_.has_unread() && link_.outbox.empty())
      throw Violation("room is news for an owner that has nothing to write");
  });
  if (environment_.random.chance(environment_.parameters.pause)) pause();
  return environment_.random.chance(0.5) && link_.has_news();
}

// As a futex: it looks at the word once. Without a deadline, so that a wake-up that is lost is
// seen.
void Caller::sleep() {
  constexpr auto asked = static_cast<std::uint32_t>(WakeUp::by_futex);
  std::atomic<std::uint32_t>& word = link_.page().owner_waits;
  elsewhere();
  const bool unasked = scheduler_.mutate(Mutation::sleep_without_asking);
  if (unasked) word.store(0);
  if (word.load() != asked && !unasked) return;
  link_.process->caller_is_woken = false;
  sleeps_ = true;
  pause();
  sleeps_ = false;
  maybe_leave();
}

// The channel has room again at any time.
bool Caller::sleep_on_socket(WorkerChannel::Stop) {
  maybe_leave();
  pause();
  return link_.has_told();
}

// --- what the driver is told ---

std::optional<bool> Caller::read(pool::WorkerLink& link, pool::CallJob& job,
                                 pool::Borrowing::News news, const std::exception_ptr& error) {
  scheduler_.begin_call();
  return told(driver().borrowing().read(link, job, news, error, environment_.now,
                                        environment_.random.between(1, 4096)));
}

std::optional<bool> Caller::took(pool::WorkerLink& link, pool::CallJob& job,
                                 const LargeResult& result) {
  ++environment_.census.taken;
  if (scheduler_.mutate(Mutation::lose_what_was_taken))
    return read(link, job, pool::Borrowing::News::written, nullptr);
  scheduler_.begin_call();
  return told(driver().borrowing().took(link, job, result, environment_.now));
}

std::optional<bool> Caller::told(std::optional<bool> over) {
  if (!over) return over;
  environment_.say("worker %u is given back", link_.id);
  if (call_->finished()) call_->spoil_what_is_borrowed();
  return over;
}

// Where its world ends before it does, there is nothing to give back to.
void Caller::give_back_broken(pool::WorkerLink& link, pool::CallJob& job) noexcept {
  if (dying_ || scheduler_.mutate(Mutation::leave_with_the_worker)) return;
  scheduler_.judge([&, this] {
    scheduler_.begin_call();
    driver().borrowing().give_back_broken(link, job, environment_.now);
  });
  call_->spoil_what_is_borrowed();
}

// --- a result that is decoded while it arrives, as by detail::Arriving ---

void Caller::take(Reader bytes) {
  try {
    check_text(bytes);
    call_->take();
  } catch (const Violation& violation) {
    referee_.note(violation);
  } catch (const std::exception&) {  // the caller's, unless the worker has ended in it
    ++environment_.census.cut_results;
    scheduler_.judge([this] { referee_.cut(*link_.process); });
  }
}

// Sometimes the decoder has enough before its end.
void Caller::check_text(Reader& bytes) {
  std::uint64_t size = 0;
  bytes.read(&size, sizeof size);
  const std::uint64_t value = value_of(call_->id, 0);
  if (size != text_size_of(call_->id, 0, call_->plan().text_size) || bytes.left() != size)
    throw Violation("a result of the wrong size arrives");
  std::string part;
  while (bytes.left() != 0 && !environment_.random.chance(0.01)) {
    part.resize(std::min<std::size_t>(bytes.left(), environment_.random.between(1, 4096)));
    bytes.read(part.data(), part.size());
    if (part.find_first_not_of(static_cast<char>('a' + value % 26)) != std::string::npos)
      throw Violation("a wrong text arrives");
  }
}

}  // namespace brood::simulation
