#pragma once

#include <cstddef>
#include <cstdint>

#include <brood/brood.hpp>

// What the processes of a round share, and what they do with it.
namespace brood::soak {

inline constexpr std::size_t clients_per_round = 24, values_per_client = 2000;

/// What has become of a value, in memory that outlives whichever process has it.
enum class Mark : std::uint8_t { none, being_put, put };

/// Handles of everything that a round shares.
struct Shared {
  Queue<std::uint32_t> queue;
  ManagedQueue<std::uint32_t> managed;
  Lock lock;
  ManagedLock managed_lock;
  Value<std::uint32_t> inside, managed_inside;  // processes that hold the lock
  Array<std::uint8_t> marks, got;               // by value; got: how often
  Value<std::uint32_t> violations;
  Event over;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(queue, managed, lock, managed_lock, inside, managed_inside, marks, got, violations,
            over);
  }
};

/// Puts its own values, gets whatever comes and uses locks, at random, until the round is over.
void client(const Shared& shared, std::uint32_t number, std::uint64_t seed);

/// Counts what has been got.
void note_got(const Shared& shared, std::uint32_t value);

}  // namespace brood::soak
