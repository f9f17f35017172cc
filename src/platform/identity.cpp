#include "platform/identity.hpp"

#include <atomic>
#include <utility>

#include "platform/process.hpp"

namespace brood::platform {
namespace {

// Never destroyed: what runs at the end of the process may ask.
Identity& own() {
  static auto* const instance = new Identity;
  return *instance;
}

constinit std::atomic<int> last_child{0};

}  // namespace

const Identity& identity() { return own(); }
std::string process_name() { return own().name; }

void set_identity(Identity identity) {
  own() = std::move(identity);
  last_child = 0;
  set_thread_name(own().name.c_str());
}

std::string next_child_numbers() {
  const std::string number = std::to_string(++last_child);
  return own().numbers.empty() ? number : own().numbers + ':' + number;
}

}  // namespace brood::platform
