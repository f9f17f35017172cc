#pragma once

#include <cstddef>
#include <cstdint>

namespace brood::hostile {

/// What tasks leave behind for the referee, in memory that they share with it under every start
/// method: which process ran an element, and which are not to be trusted.
/// Threads, processes: any.
class Ledger {
 public:
  static constexpr std::uint32_t slots = std::uint32_t{1} << 20;

  /// Makes one, and has child processes find it. One at a time.
  Ledger();
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Forgets everything.
  static void clear() noexcept;
  /// The calling process has begun the element.
  static void begin(std::uint32_t number) noexcept;
  /// Which process has begun it last; 0: none.
  static int runner(std::uint32_t number) noexcept;
  /// Whatever this process says or does from now on is not the library's affair.
  static void mark_hostile(int pid) noexcept;
  static bool is_hostile(int pid) noexcept;
  static bool any_hostile() noexcept;
  /// A server was struck: starts may fail.
  static void mark_server() noexcept;
  static bool server_struck() noexcept;
};

}  // namespace brood::hostile
