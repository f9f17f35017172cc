#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <brood/detail/manager/charge.hpp>
#include <brood/manager.hpp>

namespace brood::manager {

/// What one remote program has of the server now, within its quotas. Threads: any.
class Account {
 public:
  explicit Account(const ManagerQuotas& quotas);

  /// Throws QuotaError, and has taken nothing then.
  void take(Quota which, std::uint64_t amount);
  void give_back(Quota which, std::uint64_t amount) noexcept;
  std::uint64_t most(Quota which) const noexcept { return most_[index(which)]; }

 private:
  static std::size_t index(Quota which) noexcept { return static_cast<std::size_t>(which); }
  const std::array<std::uint64_t, 3> most_;
  std::array<std::atomic<std::uint64_t>, 3> taken_{};
};

using detail::Charge;

}  // namespace brood::manager
