#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include <brood/brood.hpp>
#include "hostile/attacks/attack.hpp"
#include "hostile/attacks/attack_referee.hpp"

namespace brood::hostile {

/// Limits of calls: no element of an innocent call needs a millisecond, and each call must end long
/// before `longest_call`.
inline constexpr std::chrono::seconds innocent_timeout{5}, longest_call{30};

/// No caller goes on to something else: longer than any call may take. In seconds.
inline constexpr unsigned longest_stall = 60;

/// What a caller does, for the report of a stall.
class Doing {
 public:
  void set(const char* what) noexcept {
    what_ = what;
    ::alarm(longest_stall);
  }
  /// Async-signal-safe.
  const char* what() const noexcept { return what_; }

 private:
  std::atomic<const char*> what_{"nothing"};
};

/// One caller's ordinary calls on a pool that others attack; each outcome is judged.
class Innocents {
 public:
  struct Place {
    Pool& pool;
    Referee& referee;
    std::atomic<std::uint32_t>& next_number;
    Doing& doing;
    bool timed = true;  // no call has a timeout otherwise
  };
  Innocents(const Place& place, std::uint64_t seed) : place_(place), dice_(seed) {}
  /// Makes so many calls of random kinds. Throws nothing.
  void call(int times);
  /// Whether a map of a few elements comes back whole, in one attempt.
  bool works();

 private:
  using Numbers = std::vector<std::uint32_t>;
  Numbers numbers(std::size_t most);
  PoolCalls calls();
  void apply();
  void burst();
  void map();
  void map_of_texts();
  void try_map();
  void imap();
  void map_reduce();
  /// Makes a call and judges what it throws.
  template <class Call>
  void judged(const Numbers& numbers, Call call);

  Place place_;
  Dice dice_;
};

}  // namespace brood::hostile
