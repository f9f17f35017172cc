#pragma once

#include <cstdint>

namespace brood {

/// What becomes of what an element writes to stdout and stderr, in whatever way: by printf, by
/// std::cout, by write(2), or by a process that it starts.
enum class Output : std::uint8_t {
  /// It goes where the worker's stdout and stderr go: those of this process.
  inherit,
  /// This process prints it, each line with worker and element in front: "[SpawnPoolWorker-3 #17]
  /// text". Lines are printed whole, at once, and before the element ends. What was written to
  /// stdout goes to stdout, the rest to stderr.
  prefix,
  /// Its last bytes, of both in the order in which they were written, come with the element's
  /// outcome: Outcome::output, TaskPlace::output, CrashReport::output.
  capture,
};

}  // namespace brood
