#pragma once

#include <span>
#include <string>

namespace brood::platform {

/// A file, or a directory and all that is below it.
struct PathGrant {
  std::string path;
  bool writable;
};

enum class Landlocked : bool { no, yes };

/// From now on this thread, and those that it will start, can open and change nothing in the file
/// system but that, can make no connection by TCP and signal no process outside, each as far as the
/// kernel can keep it: landlock(7). They must have no new privileges: prctl(2). `no` where it has
/// no Landlock at all. Throws SystemError, also for a path that does not exist.
Landlocked keep_to(std::span<const PathGrant> grants);

}  // namespace brood::platform
