#include "manager/remote/key.hpp"

#include <optional>
#include <string_view>

#include <brood/errors.hpp>
#include <brood/manager.hpp>
#include "platform/random.hpp"
#include "platform/socket.hpp"

namespace brood {
namespace manager {
namespace {

constexpr std::size_t shortest_key = 16;
constexpr std::size_t longest_key = platform::max_message_size;

}  // namespace

void demand_key(const std::string& key) {
  if (key.size() >= shortest_key && key.size() <= longest_key) return;
  throw UsageError("brood::Manager: an address takes a key of " + std::to_string(shortest_key) +
                   " to " + std::to_string(longest_key) + " bytes, not of " +
                   std::to_string(key.size()) +
                   ": make one with brood::random_key(), keep it secret and give it to both "
                   "programs; a program that has it can run any function of this one");
}

bool send_key(int control, const platform::SecretBytes& key) {
  return platform::send_message(control, key.bytes());
}

platform::SecretBytes receive_key(int control) {
  const platform::SecretBytes room(longest_key);
  const std::optional<platform::Arrived> arrived = platform::receive_into(
      control, room.bytes(), platform::Waiting::yes, platform::Taking::yes, "receiving a key");
  return arrived ? platform::SecretBytes(arrived->bytes) : platform::SecretBytes();
}

}  // namespace manager

std::string random_key() {
  constexpr std::string_view digits = "0123456789abcdef";
  const platform::SecretBytes drawn(32);
  platform::draw_random(drawn.bytes(), "making a key");
  std::string key;
  key.reserve(2 * drawn.size());  // else pieces would stay where it has been
  for (const std::byte one : drawn.bytes()) {
    key += digits[std::to_integer<unsigned>(one) >> 4];
    key += digits[std::to_integer<unsigned>(one) & 15];
  }
  platform::wipe_traces();
  return key;
}

}  // namespace brood
