#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/module.hpp"

namespace brood::protocol {

/// What a worker leaves behind when a signal ends it, written by its signal handler, or when it
/// exits: part of its page. Each count, `told` and `exited` is stored with release order behind
/// what it covers, so what they cover is whole wherever the handler ends; the worker may crash
/// again in it.
struct LastWords {
  static constexpr std::size_t most_frames = 64;
  static constexpr std::size_t most_modules = 16;
  static constexpr std::size_t longest_path = 208;  // bytes
  static constexpr int code_of_refusal = 1;         // SYS_SECCOMP: sigaction(2)

  struct Module {
    std::uint64_t begin, end;  // addresses in the worker
    std::uint64_t base;
    base::BuildId id;         // zero: none
    char path[longest_path];  // ends with a zero where it is shorter; empty: the program
  };

  std::atomic<std::uint32_t> begun;   // 1: a thread of the worker writes, or has written
  std::atomic<std::uint32_t> told;    // 1: the signal and what comes with it
  std::atomic<std::uint32_t> exited;  // 1: by exit(3), with `exit_code`
  std::int32_t exit_code;
  std::int32_t signal;
  std::int32_t code;                         // si_code: sigaction(2)
  std::int32_t sender;                       // pid, where a process sent it
  std::int32_t refused_call;                 // number of what seccomp(2) refused, with that code
  std::uint64_t address;                     // of a fault
  std::uint32_t stack_overflow;              // 1: where the stack had no more room
  std::atomic<std::uint64_t> peak_resident;  // bytes; 0: not known
  std::atomic<std::uint32_t> frames;         // in `frame`
  std::atomic<std::uint32_t> modules;        // in `module`
  std::uint64_t frame[most_frames];          // addresses within instructions, innermost first
  Module module[most_modules];               // that the frames lie in
};

}  // namespace brood::protocol
