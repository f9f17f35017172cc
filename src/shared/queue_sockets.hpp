#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <brood/detail/bytes.hpp>
#include "platform/descriptor.hpp"
#include "transfer/descriptor_channel.hpp"

namespace brood::shared {

/// Where the descriptors of a queue's values wait, in the order of the values, a message for each
/// value under its number: see queue.md. Used under the queue's guard.
class QueueSockets {
 public:
  /// The queue's own pair, and what lies in its memory: the number of further pairs. `queue` is
  /// that memory.
  QueueSockets(int sender, int receiver, std::uint64_t& further, void* queue) noexcept
      : sender_(sender), receiver_(receiver), further_(further), queue_(queue) {}

  /// False when they find no room now. Throws SystemError, BrokenObject.
  bool send(std::uint64_t attachment_group, std::span<const detail::DescriptorRef> descriptors);

  struct Found {
    transfer::ReceivedDescriptors message;
    platform::Descriptor pair;  // the further one that it waits in, where it does
  };
  /// Looks at what waits under this number, and drops what lies before it. Throws SystemError,
  /// BrokenObject.
  Found find(std::uint64_t attachment_group);
  void drop(const Found& found) noexcept;
  /// When no value waits any more: the next one's go to the queue's own pair again.
  void clear() noexcept;

 private:
  struct Pair {
    platform::Descriptor sender, receiver;
  };
  void demand(bool makes_sense) const;
  transfer::ReceivedDescriptors first_from(int socket, std::uint64_t attachment_group,
                                           std::size_t& old) const;
  void look_from(std::uint64_t index) const;
  std::optional<Pair> peek_pair() const;
  std::optional<Pair> last_pair();
  std::optional<Pair> add_pair();
  void drop_first(Pair first);

  const int sender_, receiver_;
  std::uint64_t& further_;  // others can write it: where it is wrong they are counted
  void* const queue_;
};

}  // namespace brood::shared
