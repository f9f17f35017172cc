#pragma once

#include <string>

namespace brood::base {

/// The path of the program that this process runs, as the system knows it; "./program" where it
/// does not tell.
std::string program_path();
/// The command that runs a saved element again, for a shell.
std::string replay_command(const std::string& file);

}  // namespace brood::base
