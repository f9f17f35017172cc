#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include <brood/manager.hpp>

namespace brood::manager {

enum class Quota : std::uint8_t { objects, bytes, connections };

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

/// A share of one of an account's quotas, given back at the end. Threads: as for an int.
class Charge {
 public:
  /// Of nobody's: what local programs have is not counted.
  Charge() = default;
  Charge(std::shared_ptr<Account> account, Quota which) noexcept
      : account_(std::move(account)), which_(which) {}
  /// Throws QuotaError.
  Charge(std::shared_ptr<Account> account, Quota which, std::uint64_t amount)
      : Charge(std::move(account), which) {
    add(amount);
  }
  Charge(Charge&& other) noexcept
      : account_(std::move(other.account_)),
        which_(other.which_),
        amount_(std::exchange(other.amount_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    Charge old(std::move(*this));
    account_ = std::move(other.account_);
    which_ = other.which_;
    amount_ = std::exchange(other.amount_, 0);
    return *this;
  }
  ~Charge() { clear(); }

  /// Throws QuotaError, and has added nothing then.
  void add(std::uint64_t amount) {
    if (!account_) return;
    account_->take(which_, amount);
    amount_ += amount;
  }
  void clear() noexcept {
    if (account_) account_->give_back(which_, std::exchange(amount_, 0));
  }

 private:
  std::shared_ptr<Account> account_;
  Quota which_ = Quota::objects;
  std::uint64_t amount_ = 0;
};

}  // namespace brood::manager
