#include "start/before_fork.hpp"

#include <cstddef>
#include <cstdio>
#include <iostream>
#include <string>

#include "base/log.hpp"
#include "platform/pipe.hpp"
#include "platform/process.hpp"

namespace brood::start {

int other_threads() noexcept { return platform::count_threads() - platform::own_threads() - 1; }

void warn_about_threads(int others) {
  if (others <= 0) return;
  base::log_warning(
      "start method \"fork\" copies this process while " + std::to_string(others) +
      (others == 1 ? " other thread runs" : " other threads run") +
      ": a lock that one of them holds at this moment stays locked in every copy, for ever. "
      "Make pools and processes before the threads, or use \"forkserver\" or \"spawn\"");
}

void flush_streams(int others) {
  std::cout.flush();
  std::clog.flush();
  // fflush(3) of everything locks every stream, also one on which another thread waits for input.
  std::fflush(others > 0 ? stdout : nullptr);
}

bool pass_start_gate(int start_gate) noexcept {
  std::byte go;
  return start_gate < 0 ||
         platform::read_some(start_gate, &go, 1).state == platform::Transfer::State::moved;
}

}  // namespace brood::start
