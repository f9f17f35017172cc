#include "pool/calls/call_state.hpp"

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "base/log.hpp"
#include "platform/futex.hpp"
#include "platform/process.hpp"
#include "pool/core.hpp"
#include "pool/driver/worker_link.hpp"
#include "wire/exception.hpp"
#include "wire/frame.hpp"

namespace brood {

namespace pool {

namespace {

// The bytes of elements [from, to) of these.
std::span<const std::byte> slice(const detail::Elements& elements, std::size_t from,
                                 std::size_t to) {
  const std::span<const std::byte> all = elements.payload.view();
  if (elements.stride != 0)
    return all.subspan(from * elements.stride, (to - from) * elements.stride);
  if (elements.ends.empty()) return all;  // a single
  const std::size_t start = from == 0 ? 0 : elements.ends[from - 1];
  return all.subspan(start, elements.ends[to - 1] - start);
}

// Descriptors stay as long as the bytes that need them.
detail::Piece to_piece(const Results& results) {
  detail::Bytes bytes(results.bytes);
  bytes.attach_all(results.attached);
  return {.first = results.first,
          .count = results.count,
          .stride = results.stride,
          .folded = results.folded,
          .bytes = std::move(bytes),
          .failure = {}};
}

// Numbers that no job has.
constexpr std::uint64_t no_group = ~std::uint64_t{0};
std::uint64_t next_group() noexcept {
  static std::atomic<std::uint64_t> last{std::uint64_t{1} << 63};
  return ++last;
}

constexpr std::size_t worth_borrowing =
    4 * 1024;  // bytes; less is copied behind the frame's header

// Of a result that was dropped unread. That its task was cancelled is no news then.
void report_error(const std::exception_ptr& error, const ErrorHandler& handler) {
  try {
    std::rethrow_exception(error);
  } catch (const Cancelled&) {
    return;
  } catch (...) {
    if (handler) return handler(error);
    base::log_error("nobody asked for the error of a task: " + wire::describe_exception(error));
  }
}

}  // namespace

CallState::CallState(std::weak_ptr<Core> core, detail::JobSpec&& spec)
    : core_(std::move(core)), generation_(platform::fork_generation()), spec_(std::move(spec)) {
  total_ = spec_.elements.count;
  if (spec_.kind == detail::JobKind::stream) reader_.become_this_thread();
}

JobTraits CallState::traits() const {
  JobTraits traits = traits_of(terms());
  traits.self_contained = self_contained();
  traits.folded = spec_.results.folded;
  traits.definition_bytes = spec_.definition->bytes.size();
  traits.fail_fast = spec_.policy == detail::ErrorPolicy::fail_fast;
  traits.chunk = spec_.chunk;
  traits.cost_key = spec_.definition->cost_key;
  if (spec_.elements.count != 0)
    traits.element_bytes = spec_.elements.payload.size() / spec_.elements.count;
  return traits;
}

bool CallState::has_attachments() const noexcept {
  return !spec_.definition->bytes.attached().empty() ||
         !spec_.elements.payload.owned().attached().empty();
}

std::array<std::span<const detail::DescriptorRef>, 2> CallState::attached(
    std::size_t first) const noexcept {
  const auto later = segment(first);
  const detail::Elements& elements = later ? later->elements : spec_.elements;
  return {spec_.definition->bytes.attached(), elements.payload.owned().attached()};
}

std::uint64_t CallState::group(std::size_t first) const noexcept {
  const auto later = segment(first);
  return later && later->group != 0 ? later->group : id;
}

std::uint64_t CallState::oldest_group() const noexcept {
  const auto found = std::find_if(later_.begin(), later_.end(),
                                  [](const auto& segment) { return segment->group != 0; });
  return found == later_.end() ? no_group : (*found)->group;
}

std::size_t CallState::stride(std::size_t first) const noexcept {
  const auto later = segment(first);
  return later ? later->elements.stride : spec_.elements.stride;
}

// Never beyond what one extend() brought. `tail` is the part that the frame was begun in: asking
// the outbox again may give a new one.
void CallState::append_arguments(Outbox& outbox, detail::Bytes& tail, std::size_t frame,
                                 std::size_t first, std::size_t count) const {
  const auto later = segment(first);
  const detail::Elements& elements = later ? later->elements : spec_.elements;
  const auto borrow = [&](std::span<const std::byte> part) {
    const auto keeper = later ? std::shared_ptr<const void>(later) : shared_from_this();
    outbox.borrow(part, keeper, id);
  };
  if (!elements.payload.contiguous()) {
    wire::finish_frame(tail, frame, elements.payload.size());
    return elements.payload.for_each_part(borrow);
  }
  const std::size_t from = later ? first - later->first : first;
  const std::span<const std::byte> bytes = slice(elements, from, from + count);
  if (bytes.size() < worth_borrowing) {
    tail.append(bytes.data(), bytes.size());
    wire::finish_frame(tail, frame);
  } else {
    wire::finish_frame(tail, frame, bytes.size());
    borrow(bytes);
  }
}

// Perhaps in the dispatcher, under the core's lock: what the error is, which may take code of the
// user's to say, is left to the thread for callbacks.
CallState::~CallState() {
  if (observed_.load(std::memory_order_relaxed) || !finished() || !failed()) return;
  const std::shared_ptr<Core> core = core_.lock();
  if (core && !core->in_owner()) return;  // a forked copy
  try {
    auto report = [handler = core ? core->unobserved_error() : ErrorHandler(),
                   whole = std::move(error_),
                   element = std::shared_ptr<const detail::Piece>(std::move(failure_))] {
      report_error(whole ? whole : detail::to_exception(*element->failure, element->first),
                   handler);
    };
    if (core) {
      core->callbacks().post(std::function<void()>(std::move(report)));
    } else {
      report();
    }
  } catch (...) {  // no memory, no thread
    wire::log_exception("the error of a task is lost: ");
  }
}

void CallState::append(detail::Elements more) {
  auto segment = std::make_shared<Segment>();
  segment->first = total_;
  total_ += more.count;
  segment->elements = std::move(more);
  if (!segment->elements.payload.owned().attached().empty()) segment->group = next_group();
  later_.push_back(std::move(segment));
}

std::shared_ptr<Segment> CallState::segment(std::size_t index) const {
  const auto behind =
      std::upper_bound(later_.begin(), later_.end(), index,
                       [](std::size_t i, const auto& segment) { return i < segment->first; });
  return behind == later_.begin() ? nullptr : *std::prev(behind);
}

// A stream may be endless: what has its outcome needs its arguments no more.
void CallState::release_arguments(std::size_t first, std::size_t count) {
  if (later_.empty()) return;
  if (const auto later = segment(first)) later->resolved += count;
  const auto used = std::find_if(later_.begin(), later_.end(), [](const auto& one) {
    return one->resolved != one->elements.count;
  });
  later_.erase(later_.begin(), used);
}

void CallState::arrived(std::size_t first, std::size_t count) {
  release_arguments(first, count);
  signal_.fetch_add(event, std::memory_order_seq_cst);
  if (waiting_for_pieces_.load(std::memory_order_seq_cst) != 0) wake();
}

// The caller's memory is as large as its own count says: nothing else decides what is copied there.
void CallState::copy_to_target(const Results& results) {
  check(results);
  const std::size_t stride = spec_.results.stride;
  std::memcpy(spec_.target + results.first * stride, results.bytes.data(), results.count * stride);
  count_done(results.count);
}

void CallState::deliver(const Results& results, Callbacks&) {
  if (spec_.target != nullptr) {
    copy_to_target(results);
  } else {
    // It owns its memory, which the analyzer loses on the way.
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
    detail::Piece piece = to_piece(results);
    const base::MutexLock lock(mutex_);
    store(std::move(piece));
    count_done(results.count);
  }
  arrived(results.first, results.count);
}

void CallState::fail(std::size_t index, std::unique_ptr<detail::Failure> failure, Callbacks&) {
  {
    const base::MutexLock lock(mutex_);
    store({.first = index,
           .count = 1,
           .stride = 0,
           .folded = false,
           .bytes = {},
           .failure = std::move(failure)});
    count_done(1);
  }
  arrived(index, 1);
}

void CallState::store(detail::Piece piece) {
  if (spec_.kind == detail::JobKind::single && !piece.failure) {
    only_ = std::move(piece);
  } else if (piece.failure && spec_.policy != detail::ErrorPolicy::isolate) {
    if (!failure_ || piece.first < failure_->first)
      failure_ = std::make_unique<detail::Piece>(std::move(piece));
  } else {
    pieces_.push_back(std::move(piece));
  }
}

void CallState::finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept {
  mutex_.lock();
  error_ = error;
  end(callbacks);
}

void CallState::conclude(const Results& results, Callbacks& callbacks) {
  if (finished()) return;                   // cancelled meanwhile
  detail::Piece piece = to_piece(results);  // here, where memory may be refused
  mutex_.lock();
  only_ = std::move(piece);
  drop_arguments();
  done_.store(1, std::memory_order_relaxed);
  end(callbacks);
}

// What a callback holds is the user's and must not be destroyed here, under the core's lock.
// Nothing is allocated: a callback that could not be posted would be one that is waited for in
// vain.
void CallState::end(Callbacks& callbacks) noexcept {
  Callbacks::Calls waiting = std::move(callbacks_);
  signal_.fetch_or(finished_bit, std::memory_order_release);
  mutex_.unlock();
  signal_.fetch_add(event, std::memory_order_seq_cst);
  if (waiting_for_pieces_.load(std::memory_order_seq_cst) != 0 ||
      waiting_for_end_.load(std::memory_order_seq_cst) != 0)
    wake();
  if (waiting.empty()) return;
  for (Callbacks::Call& one : waiting) one.keep = shared_from_this();
  callbacks.post(std::move(waiting));
}

void CallState::wake() noexcept { platform::futex_wake(signal_, INT_MAX); }

// In a forked child no thread would ever wake a waiter.
void CallState::check_process() const {
  if (generation_ == platform::fork_generation()) return;
  throw UsageError(
      "brood: this result belongs to the process that this one was forked from, and was not ready "
      "then; wait for it there");
}

// False when the deadline has passed. Looks up now and then: the program may have closed what would
// have woken the dispatcher.
bool CallState::sleep(std::uint32_t seen, const detail::Deadline& deadline, Waiters& waiters) {
  constexpr std::chrono::seconds look_up{1};
  for (;;) {
    check_process();
    const auto next_look = std::chrono::steady_clock::now() + look_up;
    const bool is_last = deadline && *deadline <= next_look;
    waiters.fetch_add(1, std::memory_order_seq_cst);
    const bool in_time = platform::futex_wait(signal_, seen, is_last ? deadline : next_look);
    waiters.fetch_sub(1, std::memory_order_relaxed);
    if (in_time || is_last) return in_time;
    const std::shared_ptr<Core> core = core_.lock();
    if (core && core->has_lost_descriptors()) core->lose_descriptors();
  }
}

std::span<const detail::Piece> CallState::pieces() const noexcept {
  if (spec_.kind == detail::JobKind::single) return {&only_, 1};
  return pieces_;
}

bool CallState::wait(const detail::Deadline& deadline) {
  for (;;) {
    const std::uint32_t seen = signal_.load(std::memory_order_acquire);
    if ((seen & finished_bit) != 0) return true;
    if (!sleep(seen, deadline, waiting_for_end_)) return finished();
  }
}

std::vector<detail::Piece> CallState::take_pieces(const detail::Deadline& deadline) {
  if (!finished()) check_process();  // before the lock, which a lost thread may hold
  for (;;) {
    const std::uint32_t seen = signal_.load(std::memory_order_acquire);
    {
      const base::MutexLock lock(mutex_);
      if (!pieces_.empty()) return std::exchange(pieces_, {});
    }
    if ((seen & finished_bit) != 0 || !sleep(seen, deadline, waiting_for_pieces_)) return {};
    if (spec_.target != nullptr) return {};  // progress without a piece
  }
}

std::exception_ptr CallState::error() const {
  if (failed()) observed_.store(true, std::memory_order_relaxed);
  if (error_) return error_;
  if (failure_) return detail::to_exception(*failure_->failure, failure_->first);
  // A single one whose failure was kept as a piece has policy isolate: its error is never asked
  // for.
  return nullptr;
}

bool CallState::cancel(Kill kill) {
  const std::shared_ptr<Core> core = core_.lock();
  return core && core->cancel(*this, kill);
}

// A stream is cut short by its reader, or when that has ended: not while its reader is here.
detail::Intake CallState::intake() {
  if (finished())
    return cut_short_ && !failed() ? detail::Intake::cut_short : detail::Intake::ended;
  if (!reader_.is_this_thread()) {
    const std::shared_ptr<Core> core = core_.lock();
    if (!core) return detail::Intake::ended;
    core->note_reader(*this);
  }
  return reader_.is_this_thread() && !cut_short_ ? detail::Intake::open : detail::Intake::cut_short;
}

void CallState::extend(detail::Elements more, bool last) {
  if (const std::shared_ptr<Core> core = core_.lock()) core->extend(*this, std::move(more), last);
}

void CallState::when_finished(std::function<void()> callback) {
  check_process();
  const std::shared_ptr<Core> core = core_.lock();
  Callbacks::Calls one;
  one.push_back({std::move(callback), nullptr});
  if (core) core->callbacks().start();  // here, where it can be refused
  {
    const base::MutexLock lock(mutex_);
    if (!finished()) return callbacks_.splice(callbacks_.end(), one);
  }
  // The callback knows the call by address, and the result may be dropped at once.
  one.front().keep = shared_from_this();
  if (core) return core->callbacks().post(std::move(one));
  one.front().run();  // the pool is gone, and with it its thread for callbacks
}

}  // namespace pool

namespace detail {

Job::~Job() = default;

std::exception_ptr to_exception(const Failure& failure, std::size_t index) {
  if (failure.local) return failure.local;
  return wire::decode_exception(failure.encoded->view(), failure.worker, index, failure.attempts);
}

void throw_timeout() {
  throw TimeoutError("a result, which was not ready in time; its task goes on");
}
std::exception_ptr joined_too_early() {
  return std::make_exception_ptr(PoolClosed(
      "brood::Pool: join() was called before this imap had taken all of its input, which "
      "join() does not wait for: read the results first"));
}
void throw_not_ready() {
  throw UsageError("AsyncResult::successful() before the result is ready: call wait() first");
}

}  // namespace detail
}  // namespace brood
