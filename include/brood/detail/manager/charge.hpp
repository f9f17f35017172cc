#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include <brood/detail/export.hpp>

namespace brood::manager {
class Account;
enum class Quota : std::uint8_t { objects, bytes, connections };
}  // namespace brood::manager

namespace brood::detail {

/// A share of one of an account's quotas, given back at the end. Threads: as for an int.
class BROOD_API Charge {
 public:
  /// Of no account: what local programs use is not counted.
  Charge() = default;
  Charge(std::shared_ptr<manager::Account> account, manager::Quota which) noexcept
      : account_(std::move(account)), which_(which) {}
  /// Throws QuotaError.
  Charge(std::shared_ptr<manager::Account> account, manager::Quota which, std::uint64_t amount)
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
  void add(std::uint64_t amount);
  void clear() noexcept {
    if (amount_ != 0) give_back();
  }
  bool empty() const noexcept { return amount_ == 0; }
  /// Takes one of so many equal parts out of it.
  Charge split(std::uint64_t parts) noexcept {
    Charge part(account_, which_);
    part.amount_ = amount_ / parts;
    amount_ -= part.amount_;
    return part;
  }

 private:
  void give_back() noexcept;

  std::shared_ptr<manager::Account> account_;
  manager::Quota which_ = manager::Quota::objects;
  std::uint64_t amount_ = 0;
};

/// What the elements of a list are charged with: nothing is kept where no element is charged, else
/// a charge for each.
class ChargesInARow {
 public:
  /// So many of now `size` elements have come before what was at `index`.
  void inserted(std::size_t index, std::size_t count, std::size_t size, Charge charge) {
    if (charges_.empty() && charge.empty()) return;
    charges_.resize(size - count);
    for (std::size_t i = 0; i < count; ++i)
      charges_.insert(place(index + i), charge.split(count - i));
  }
  void replaced(std::size_t index, std::size_t size, Charge charge) {
    if (charges_.empty() && charge.empty()) return;
    charges_.resize(size);
    charges_[index] = std::move(charge);
  }
  void erased(std::size_t index) {
    if (index < charges_.size()) charges_.erase(place(index));
  }
  void clear() noexcept { charges_.clear(); }

 private:
  std::deque<Charge>::iterator place(std::size_t index) {
    return charges_.begin() + static_cast<std::ptrdiff_t>(index);
  }
  std::deque<Charge> charges_;
};

}  // namespace brood::detail
