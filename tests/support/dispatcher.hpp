#pragma once

#include <sys/syscall.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace brood::testing {

/// Until the pool's thread waits for an event: what is closed while it works may be used once more.
inline void wait_for_dispatcher() {
  const std::string epoll_wait = std::to_string(SYS_epoll_wait) + ' ';
  for (;;) {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::string name, call;
      std::getline(std::ifstream(task.path() / "comm") >> std::ws, name);
      std::getline(std::ifstream(task.path() / "syscall") >> std::ws, call);
      if (name == "brood-dispatch" && call.starts_with(epoll_wait)) return;
    }
  }
}

}  // namespace brood::testing
