#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "pool/scheduler/assignments.hpp"

namespace brood::pool {

/// Which worker had elements of a key last (CallOptions::key): a cache that they fill is warm
/// there. Knows the last keys, at least `remembered` of them.
class Affinity {
 public:
  static constexpr std::size_t remembered = std::size_t{1} << 16;

  explicit Affinity(const Population& population) : population_(population) {}

  /// Where elements of the key are at home: the worker that has had them, while that process lives.
  /// Nothing where there is none.
  std::optional<WorkerId> home_of(std::uint64_t key) const {
    for (const Homes* const homes : {&recent_, &older_}) {
      const auto found = homes->find(key);
      if (found != homes->end()) return still_there(found->second);
    }
    return std::nullopt;
  }
  /// Whether the worker is to be told of again, before its key is forgotten.
  bool is_fading(std::uint64_t key) const { return !recent_.contains(key); }
  /// The worker has the key's elements from now on.
  void settle(std::uint64_t key, WorkerId worker) {
    if (recent_.size() >= remembered) older_ = std::exchange(recent_, {});
    recent_.insert_or_assign(key, Home{worker, population_.at(worker).born});
  }
  /// The worker that a new key would best have: keys are spread.
  WorkerId first_choice(std::uint64_t key) const {
    return static_cast<WorkerId>(key % population_.size());
  }

 private:
  struct Home {
    WorkerId worker;
    Time born;  // which process of those in the slot
  };
  using Homes = std::unordered_map<std::uint64_t, Home>;
  std::optional<WorkerId> still_there(const Home& home) const {
    const Population::Member& member = population_.at(home.worker);
    const bool same = member.born == home.born && member.is(Population::State::ready);
    return same && !population_.used_up(home.worker) ? std::optional(home.worker) : std::nullopt;
  }

  const Population& population_;
  Homes recent_, older_;
};

}  // namespace brood::pool
