#include "manager/notes.hpp"

#include <chrono>
#include <cstring>
#include <exception>

#include <brood/errors.hpp>
#include "manager/messages.hpp"
#include "shared/parcel.hpp"
#include "wire/checked.hpp"

namespace brood::manager {

std::optional<Note> note_in(std::span<const std::byte> message) {
  RequestHeader header;
  if (message.size() != sizeof header) return std::nullopt;
  std::memcpy(&header, message.data(), sizeof header);
  if (header.object != 0) return std::nullopt;
  return wire::checked_enum(header.thread, Note::read, "note of a client");
}

bool send_note(int channel, Note note) {
  const RequestHeader header{0, static_cast<std::uint64_t>(note)};
  return shared::send_parcel(channel, std::as_bytes(std::span(&header, 1)), {});
}

bool give_back_answer(int channel) noexcept try {
  if (!send_note(channel, Note::lost)) return false;
  try {
    if (shared::wait_readable(channel, std::chrono::steady_clock::now()))
      shared::receive_parcel(channel);
  } catch (const Error&) {
    // It is gone, as it shall be.
  }
  return true;
} catch (const std::exception&) {
  return false;
}

}  // namespace brood::manager
