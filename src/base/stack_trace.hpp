#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/module.hpp"

namespace brood::detail {

/// A stack trace: its text, or the frames of a process that may have ended, which this process can
/// name as far as it has loaded the same modules.
class StackTrace {
 public:
  /// A module of that process.
  struct Module {
    std::uint64_t begin = 0, end = 0;  // its addresses there
    std::uint64_t base = 0;            // what is added to those in its file
    base::BuildId id{};                // zero: it has none
    std::string path;                  // empty: the program
  };
  explicit StackTrace(std::string text) : text_(std::move(text)) {}
  StackTrace(std::vector<std::uint64_t> frames, std::vector<Module> modules)
      : frames_(std::move(frames)), modules_(std::move(modules)) {}

  enum class Frames : bool {
    all,
    /// Without the library's and others that no user has written; all where there are no others.
    of_the_user,
  };
  /// A line for each function, one that was inlined too. Threads: any. Cost: see
  /// CrashReport::stack_trace.
  std::string text(Frames frames) const;

 private:
  const Module* module_of(std::uint64_t frame) const;
  std::vector<std::string> lines_of(std::uint64_t frame, Frames frames) const;
  std::string numbered(Frames frames) const;
  std::string text_;
  std::vector<std::uint64_t> frames_;  // addresses within the instructions, innermost first
  std::vector<Module> modules_;
};

}  // namespace brood::detail

namespace brood::base {

/// A function that an instruction belongs to.
struct Location {
  std::string function;  // never empty
  std::string file;      // empty: not known
  int line = 0;
};
/// The functions at an address in the code of `module`, which is loaded in this process: those that
/// were inlined first, then the one they were inlined into. Empty where it is not known. Threads:
/// any. Takes no lock that a fork could leave locked.
std::vector<Location> locate(const Module& module, std::uintptr_t address);

}  // namespace brood::base
