#include "platform/identity.hpp"

#include <unistd.h>

#include <atomic>
#include <utility>

#include "platform/process.hpp"

namespace brood::platform {
namespace {

struct Own {
  base::Identity identity;
  int parent = -1;
};

// Never destroyed: what runs at the end of the process may ask.
Own& own() {
  static auto* const instance = new Own;
  return *instance;
}

constinit std::atomic<int> last_child{0};

}  // namespace

const base::Identity& identity() { return own().identity; }
std::string process_name() { return identity().name; }
int parent_pidfd() { return own().parent; }

void set_identity(base::Identity identity, int parent) {
  own() = {std::move(identity), parent};
  last_child = 0;
  set_thread_name(process_name().c_str());
}

std::string next_child_numbers() {
  const std::string number = std::to_string(++last_child);
  return identity().numbers.empty() ? number : identity().numbers + ':' + number;
}

base::Identity next_child(const std::string& prefix) {
  std::string numbers = next_child_numbers();
  std::string name = prefix + numbers;
  return {std::move(name), std::move(numbers), false, process_name(), ::getpid()};
}

}  // namespace brood::platform
