#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

// What goes over a channel to the server beside requests, and is not answered.
namespace brood::manager {

/// Travels as a RequestHeader alone, of no object, with this in the place of the thread.
enum class Notification : std::uint64_t {
  lost,  // the last answer found no room: what the call took is the server's again
  read,  // from a bridge: the client has the last answer
};

/// Nothing where it is a request. Throws CodecError for a kind that there is not.
std::optional<Notification> notification_in(std::span<const std::byte> message);
/// False when the other end is closed. Throws SystemError.
bool send_notification(int channel, Notification notification);
/// For an answer that waits and finds no room here: tells that it is lost, and takes it from the
/// channel, which is good for the next call then. In this order: as long as it is unread the server
/// knows that it has not arrived. False when the channel is of no use any more.
bool give_back_answer(int channel) noexcept;

}  // namespace brood::manager
