#pragma once

#include <cstddef>
#include <string>

#include <brood/codec.hpp>
#include "base/identity.hpp"
#include "wire/code_ref.hpp"

namespace brood::wire {

/// Levels of log records, as spdlog counts them: from trace, 0, to off.
inline constexpr std::size_t log_levels = 7;

/// What every new process is told, whatever it is for. It travels once, in the setup of its kind,
/// which has the rest. A process that is forked from its owner has it in memory.
struct Preparation {
  BuildId build{};  // of the owner's program
  base::Identity identity;
  std::string start_method;  // of what it starts itself; empty: as it is
  int log_level = 0;
};

// How archives write and read it. The build comes first and keeps its place for ever, so that any
// two builds can tell that they differ.
void save(OutputArchive& archive, const Preparation& preparation);
/// Throws CodecError, also for a log level that spdlog does not have.
void load(InputArchive& archive, Preparation& preparation);

}  // namespace brood::wire
