#include "platform/identity.hpp"

#include <unistd.h>

#include <brood/process.hpp>
#include "platform/process.hpp"

namespace brood {

namespace platform {
namespace {
std::string& name() {
  static std::string instance = "MainProcess";
  return instance;
}
}  // namespace

std::string process_name() { return name(); }

void set_process_name(const std::string& new_name) {
  name() = new_name;
  set_thread_name(new_name.c_str());
}

}  // namespace platform

ProcessInfo current_process() { return {platform::process_name(), ::getpid()}; }

}  // namespace brood
