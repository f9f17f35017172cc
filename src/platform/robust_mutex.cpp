#include "platform/robust_mutex.hpp"

#include <linux/futex.h>
#include <pthread.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>

#include "platform/process.hpp"

namespace brood::platform {
namespace {

constexpr std::uint32_t largest_number = std::uint32_t{1} << 22;  // PID_MAX_LIMIT

/// An entry of the kernel's list of a thread's robust mutexes, laid out as glibc's are.
struct Entry {
  std::uint32_t word = 0;
  std::uint32_t unused[5]{};
  void* previous = nullptr;  // glibc's; both point to the `next` of an entry
  void* next = nullptr;
};
static_assert(offsetof(Entry, next) == 32 && sizeof(Entry) == sizeof(RobustMutex) &&
                  sizeof(pthread_mutex_t) == sizeof(RobustMutex),
              "brood: robust mutexes need the 64-bit layout of glibc");

/// `previous` belongs to the entry with this `next`. The lowest bit is a flag
/// (PTHREAD_PRIO_INHERIT).
void*& previous_of(void* next) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(next) & ~std::uintptr_t{1};
  return *(reinterpret_cast<void**>(address) - 1);
}
void*& next_at(void* previous) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(previous) & ~std::uintptr_t{1};
  return *reinterpret_cast<void**>(address);
}

// The kernel looks at the list whenever the thread dies: what it finds must be in order.
void in_this_order() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace

/// The mutexes that a thread holds, between two entries of its own in the thread's list: so glibc,
/// which may enter and remove robust mutexes of the program's before and behind, never follows or
/// writes a pointer in shared memory. No destructor: the list is needed until the thread is gone.
class HeldMutexes {
 public:
  static HeldMutexes& of_this_thread() noexcept;

  std::uint32_t number() const noexcept { return number_; }
  std::uint64_t mark() const noexcept { return std::uint64_t{generation_} << 32 | number_; }
  void set_pending(void* next) noexcept {
    reinterpret_cast<void*&>(head_->list_op_pending) = next;
    in_this_order();
  }
  void add(MutexHold& hold, RobustMutex& mutex) noexcept {
    if (newest_ == nullptr) open();
    hold.mutex_ = &mutex;
    hold.newer_ = nullptr;
    hold.older_ = newest_;
    mutex.next_ = newest_ == nullptr ? &last_.next : &newest_->mutex_->next_;
    if (newest_ != nullptr) newest_->newer_ = &hold;
    newest_ = &hold;
    in_this_order();
    first_.next = &mutex.next_;
    in_this_order();
  }
  /// The thread ends: what it holds is the next one's, which is told, as if the kernel had found
  /// it.
  void abandon_all() noexcept {
    if (generation_ != fork_generation()) return;  // it is its parent's thread that holds them
    while (newest_ != nullptr) {
      MutexHold& hold = *newest_;
      const std::shared_ptr<const void> pin = std::move(hold.pin_);
      hold.mutex_->abandon(*this, hold);
    }
  }
  void remove(MutexHold& hold) noexcept {
    void* const next = hold.older_ == nullptr ? &last_.next : &hold.older_->mutex_->next_;
    (hold.newer_ == nullptr ? first_.next : hold.newer_->mutex_->next_) = next;
    in_this_order();
    (hold.newer_ == nullptr ? newest_ : hold.newer_->older_) = hold.older_;
    if (hold.older_ != nullptr) hold.older_->newer_ = hold.newer_;
    if (newest_ == nullptr) close();
  }

 private:
  void learn(unsigned generation) noexcept;
  void open() noexcept {
    void*& list = reinterpret_cast<void*&>(head_->list.next);
    last_.next = list;
    last_.previous = &first_.next;
    first_.next = &last_.next;
    first_.previous = &list;
    previous_of(list) = &last_.next;
    in_this_order();
    list = &first_.next;
  }
  void close() noexcept {
    previous_of(last_.next) = first_.previous;
    next_at(first_.previous) = last_.next;
    in_this_order();
  }

  bool known_ = false;
  unsigned generation_ = 0;
  std::uint32_t number_ = 0;
  robust_list_head* head_ = nullptr;  // glibc's
  MutexHold* newest_ = nullptr;
  Entry first_, last_;
};

// initial-exec: it stays while the thread ends, also where the library was loaded by dlopen(3).
HeldMutexes& HeldMutexes::of_this_thread() noexcept {
  static __attribute__((tls_model("initial-exec"))) constinit thread_local HeldMutexes held{};
  const unsigned generation = fork_generation();
  if (!held.known_ || held.generation_ != generation) held.learn(generation);
  return held;
}

namespace {

// Behind the thread's own objects, whose destructors may unlock (pthread_key_create(3)). What the
// kernel would do comes too late for what this process notes: another thread may get the number of
// this one. It is left to the kernel where there is no key to be had.
void end_of_thread(void* held) noexcept { static_cast<HeldMutexes*>(held)->abandon_all(); }

void watch_the_end(HeldMutexes* held) noexcept {
  static pthread_key_t key{};
  static const bool made = pthread_key_create(&key, end_of_thread) == 0;
  if (made) pthread_setspecific(key, held);
}

}  // namespace

// A robust mutex of glibc's that is held is the first entry of the thread's list: it knows where
// that begins, and the thread's number. No system call: a sandbox might refuse it. A forked child
// has an empty list, and holds nothing.
void HeldMutexes::learn(unsigned generation) noexcept {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_t probe;
  pthread_mutex_init(&probe, &attributes);
  pthread_mutexattr_destroy(&attributes);
  pthread_mutex_lock(&probe);
  head_ = reinterpret_cast<robust_list_head*>(probe.__data.__list.__prev);
  number_ = static_cast<std::uint32_t>(probe.__data.__owner);
  pthread_mutex_unlock(&probe);
  pthread_mutex_destroy(&probe);
  newest_ = nullptr;
  generation_ = generation;
  known_ = true;
  watch_the_end(this);
}

namespace {

/// The kernel looks after this mutex, too, should the thread die while it is taken or given back.
class Pending {
 public:
  Pending(HeldMutexes& held, void* next) noexcept : held_(held) { held_.set_pending(next); }
  ~Pending() {
    in_this_order();
    held_.set_pending(nullptr);
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

 private:
  HeldMutexes& held_;
};

constexpr std::uint32_t word_of(std::uint64_t state) noexcept {
  return static_cast<std::uint32_t>(state);
}
constexpr std::uint32_t number_in(std::uint64_t state) noexcept {
  return word_of(state) & FUTEX_TID_MASK;
}
constexpr std::uint64_t held_by(std::uint32_t number, std::uint32_t flags) noexcept {
  return std::uint64_t{~number} << 32 | flags | number;
}
constexpr bool is_free(std::uint64_t state) noexcept {
  return state == 0 || (word_of(state) & FUTEX_OWNER_DIED) != 0;
}
constexpr bool can_be_held(std::uint64_t state) noexcept {
  const std::uint32_t number = number_in(state);
  return number != 0 && number <= largest_number && state >> 32 == ~number;
}

static_assert(std::endian::native == std::endian::little);
const std::atomic<std::uint32_t>& futex_in(const std::atomic<std::uint64_t>& state) noexcept {
  return reinterpret_cast<const std::atomic<std::uint32_t>&>(state);
}

/// Until woken, or for a while: the wake-up may have been lost with a process. False at the
/// deadline.
bool sleep_with_backoff(const std::atomic<std::uint64_t>& state, std::uint64_t seen,
                        std::chrono::milliseconds& longest, const Deadline& deadline) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (deadline && now >= *deadline) return false;
  Deadline end = now + longest;
  if (deadline) end = std::min(*end, *deadline);
  if (!futex_wait(futex_in(state), word_of(seen), end, FutexScope::shared))
    longest = std::min(longest * 2, std::chrono::milliseconds(1000));
  return true;
}

}  // namespace

bool MutexHold::is_mine() const noexcept {
  return holder_.load(std::memory_order_relaxed) == HeldMutexes::of_this_thread().mark();
}

[[gnu::always_inline]] inline RobustMutex::Result RobustMutex::enter(HeldMutexes& held,
                                                                     MutexHold& hold,
                                                                     Result result) noexcept {
  held.add(hold, *this);
  hold.holder_.store(held.mark(), std::memory_order_relaxed);
  return result;
}

RobustMutex::Result RobustMutex::try_lock(MutexHold& hold) noexcept {
  HeldMutexes& held = HeldMutexes::of_this_thread();
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  if (hold.holder_.load(std::memory_order_relaxed) == held.mark())
    return number_in(seen) == held.number() ? Result::mine : Result::broken;
  if (!is_free(seen)) return can_be_held(seen) ? Result::busy : Result::broken;
  const Pending pending(held, &next_);
  const std::uint64_t mine = held_by(held.number(), word_of(seen) & FUTEX_WAITERS);
  if (!state_.compare_exchange_strong(seen, mine, std::memory_order_acquire)) return Result::busy;
  return enter(held, hold, seen == 0 ? Result::taken : Result::inherited);
}

RobustMutex::Result RobustMutex::lock(MutexHold& hold, const Deadline& deadline) noexcept {
  const Result result = try_lock(hold);
  return result == Result::busy ? wait_for_it(hold, deadline) : result;
}

RobustMutex::Result RobustMutex::wait_for_it(MutexHold& hold, const Deadline& deadline) noexcept {
  HeldMutexes& held = HeldMutexes::of_this_thread();
  const Pending pending(held, &next_);
  std::chrono::milliseconds longest{50};
  std::uint32_t others = 0;  // FUTEX_WAITERS once it has slept: others may sleep, too
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  for (;;) {
    if (is_free(seen)) {
      const std::uint64_t mine = held_by(held.number(), others | (word_of(seen) & FUTEX_WAITERS));
      if (state_.compare_exchange_weak(seen, mine, std::memory_order_acquire))
        return enter(held, hold, seen == 0 ? Result::taken : Result::inherited);
      continue;
    }
    if (!can_be_held(seen)) return Result::broken;
    const std::uint64_t awaited = seen | FUTEX_WAITERS;
    if (seen != awaited && !state_.compare_exchange_weak(seen, awaited, std::memory_order_relaxed))
      continue;
    if (!sleep_with_backoff(state_, awaited, longest, deadline)) return Result::busy;
    others = FUTEX_WAITERS;
    seen = state_.load(std::memory_order_relaxed);
  }
}

bool RobustMutex::unlock(MutexHold& hold) noexcept {
  HeldMutexes& held = HeldMutexes::of_this_thread();
  const Pending pending(held, &next_);
  hold.holder_.store(0, std::memory_order_relaxed);
  held.remove(hold);
  std::uint64_t seen = held_by(held.number(), 0);
  while (!state_.compare_exchange_weak(seen, 0, std::memory_order_release)) {
    if (number_in(seen) != held.number() || !can_be_held(seen)) return false;
  }
  if ((word_of(seen) & FUTEX_WAITERS) != 0) futex_wake(futex_in(state_), 1, FutexScope::shared);
  return true;
}

// handle_futex_death() of the kernel.
void RobustMutex::abandon(HeldMutexes& held, MutexHold& hold) noexcept {
  const Pending pending(held, &next_);
  hold.holder_.store(0, std::memory_order_relaxed);
  held.remove(hold);
  std::uint64_t seen = held_by(held.number(), 0), dead = 0;
  do {
    if (number_in(seen) != held.number() || !can_be_held(seen)) return;
    const std::uint64_t waiters = word_of(seen) & FUTEX_WAITERS;
    dead = (seen >> 32 << 32) | waiters | FUTEX_OWNER_DIED;
  } while (!state_.compare_exchange_weak(seen, dead, std::memory_order_release));
  if ((word_of(dead) & FUTEX_WAITERS) != 0) futex_wake(futex_in(state_), 1, FutexScope::shared);
}

}  // namespace brood::platform
