#include "manager/notifications.hpp"

#include <chrono>
#include <cstring>
#include <exception>

#include <brood/errors.hpp>
#include "manager/messages.hpp"
#include "shared/envelope.hpp"
#include "wire/checked.hpp"

namespace brood::manager {

std::optional<Notification> notification_in(std::span<const std::byte> message) {
  RequestHeader header;
  if (message.size() != sizeof header) return std::nullopt;
  std::memcpy(&header, message.data(), sizeof header);
  if (header.object != 0) return std::nullopt;
  return wire::checked_enum(header.thread, Notification::read, "notification of a client");
}

bool send_notification(int channel, Notification notification) {
  const RequestHeader header{0, static_cast<std::uint64_t>(notification)};
  return shared::send_envelope(channel, std::as_bytes(std::span(&header, 1)), {});
}

bool give_back_answer(int channel) noexcept try {
  if (!send_notification(channel, Notification::lost)) return false;
  try {
    if (shared::wait_readable(channel, std::chrono::steady_clock::now()))
      shared::receive_envelope(channel);
  } catch (const Error&) {
    // It is gone, as it shall be.
  }
  return true;
} catch (const std::exception&) {
  return false;
}

}  // namespace brood::manager
