#pragma once

#include <cstdint>
#include <string>

#include <brood/brood.hpp>
#include "hostile/attacks/attack_referee.hpp"

namespace brood::hostile {

/// Objects that the owner shares with hostile tasks, and a manager's server that holds one of them.
class Estate {
 public:
  explicit Estate(const std::string& method);
  /// The owner goes on using them: nothing of that crashes or hangs, the server serves, and what
  /// only the server can change is as it was.
  void check(Referee& referee);

  const Array<std::uint64_t>& array() const { return array_; }
  const Queue<std::uint64_t>& queue() const { return queue_; }
  const ManagedValue<std::uint64_t>& value() const { return value_; }

 private:
  static constexpr std::uint64_t right_value = 42;
  Manager manager_;
  Array<std::uint64_t> array_{4096};
  Queue<std::uint64_t> queue_;
  ManagedValue<std::uint64_t> value_;
};

/// obey(), in a worker that has these objects.
std::uint64_t obey_with(std::uint64_t packed, const Array<std::uint64_t>& array,
                        const Queue<std::uint64_t>& queue,
                        const ManagedValue<std::uint64_t>& value);

}  // namespace brood::hostile
