#pragma once

#include <compare>
#include <cstdint>

#include <brood/detail/bytes.hpp>
#include <brood/detail/manager/ref.hpp>
#include "platform/descriptor.hpp"

namespace brood::manager {

/// What a lease leads to: a server, or a gateway to one.
struct Place {
  std::uint64_t server = 0;
  int process = 0;  // that has made the lease
  auto operator<=>(const Place&) const = default;
};

/// A connection of this process to such a place, used by one call at a time.
struct Channel {
  Place place;
  platform::Descriptor socket;
};

/// An idle one, or a new one, opened by way of the object's lease. Throws SystemError, also when
/// the server has ended. Threads: any.
Channel take_channel(std::uint64_t server, const detail::DescriptorRef& lease);
/// For the next call. Threads: any.
void give_back(Channel channel) noexcept;
/// Closes it: an answer that comes later finds no reader.
void discard(Channel channel) noexcept;
/// Closes the idle ones to a server that has ended.
void forget_server(std::uint64_t server) noexcept;
/// Of the calling thread, in this process.
std::uint64_t thread_number() noexcept;

[[noreturn]] void throw_server_gone();
/// What a server says that is not empty. Throws what it threw.
detail::Reply open_reply(detail::Envelope envelope);

}  // namespace brood::manager
