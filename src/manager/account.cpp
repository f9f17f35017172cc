#include "manager/account.hpp"

#include <string>
#include <utility>

namespace brood {
namespace manager {
namespace {

constexpr std::array<const char*, 3> names{"objects", "bytes", "connections"};

[[noreturn]] void refuse(const char* name, std::uint64_t most, std::uint64_t taken,
                         std::uint64_t amount) {
  throw QuotaError("brood::Manager: this program's quota of " + std::string(name) +
                   " in the server is used up: ManagerOptions::quotas." + name + " is " +
                   std::to_string(most) + ", of which it has " + std::to_string(taken) +
                   "; this call needs " + std::to_string(amount) + " more");
}

}  // namespace

Account::Account(const ManagerQuotas& quotas)
    : most_{quotas.objects, quotas.bytes, quotas.connections} {}

void Account::take(Quota which, std::uint64_t amount) {
  const std::size_t row = index(which);
  std::uint64_t taken = taken_[row].load(std::memory_order_relaxed);
  do {
    if (amount > most_[row] - taken) refuse(names[row], most_[row], taken, amount);
  } while (!taken_[row].compare_exchange_weak(taken, taken + amount, std::memory_order_relaxed));
}

void Account::give_back(Quota which, std::uint64_t amount) noexcept {
  taken_[index(which)].fetch_sub(amount, std::memory_order_relaxed);
}

}  // namespace manager

void detail::Charge::add(std::uint64_t amount) {
  if (!account_) return;
  account_->take(which_, amount);
  amount_ += amount;
}

void detail::Charge::give_back() noexcept {
  account_->give_back(which_, std::exchange(amount_, 0));
}

}  // namespace brood
