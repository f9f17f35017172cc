#pragma once

#include <string>

namespace brood::worker {

/// The argument that has brood::init run a saved element: `./program --brood-replay FILE`.
inline constexpr const char* replay_argument = "--brood-replay";
/// Exit codes: it returned a value, it threw, it could not be run.
inline constexpr int replay_returned = 0, replay_threw = 1, replay_impossible = 2;

/// Runs the element and says on stdout what has come of it, on stderr why it could not be run.
/// Returns the exit code. Never throws.
int replay_main(const std::string& file) noexcept;

}  // namespace brood::worker
