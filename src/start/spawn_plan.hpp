#pragma once

#include <spawn.h>

#include <string>
#include <vector>

#include <brood/launcher.hpp>
#include "platform/descriptor.hpp"

namespace brood::start {

/// Everything that posix_spawn needs, laid out before the call. Not movable: it is made of
/// addresses.
class SpawnPlan {
 public:
  /// Throws SystemError.
  explicit SpawnPlan(const WorkerCommand& command);
  ~SpawnPlan();
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  const posix_spawn_file_actions_t& actions() const noexcept { return actions_; }
  const posix_spawnattr_t& attributes() const noexcept { return attributes_; }

 private:
  void place_descriptors(const WorkerCommand& command);
  void close_others(std::vector<int> targets);
  void open_stdio(const std::vector<int>& targets);
  void set_attributes();

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  // Sources that a dup2 of the plan would overwrite, out of its way.
  std::vector<platform::Descriptor> copies_;
};

}  // namespace brood::start
