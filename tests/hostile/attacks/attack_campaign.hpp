#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace brood::hostile {

/// A pool under attack, round after round; all of it follows from the seed, but for the order in
/// which processes and threads run.
struct Plan {
  std::uint64_t seed = 0;
  std::string method;  // start method
  int rounds = 1;
  std::optional<std::size_t> only;  // position in attacks()
  bool all = false;                 // those that are left out, too
  bool verbose = false;             // what the library logs is printed
};

/// In this process: it is the owner of the pool. Prints what was wrong; true for nothing.
bool carry_out(const Plan& plan);
/// In a child process, so that it may crash or hang; true if nothing was wrong.
bool carry_out_apart(const Plan& plan);

}  // namespace brood::hostile
