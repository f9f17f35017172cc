#pragma once

#include <cstdint>
#include <vector>

#include "owner.hpp"
#include "plan.hpp"
#include "referee.hpp"

namespace brood::simulation {

/// A pool, its users, its workers and their misfortunes, from a seed. See README.md.
class World {
 public:
  World(std::uint64_t seed, Mutation mutation, bool trace);
  /// Runs it to its end. Throws Violation.
  void run();
  const Census& census() const noexcept { return environment_.census; }

 private:
  void live();
  void calm_down();
  bool step();
  void must_step();
  bool step_of_a_user();
  void submit();
  void touch(JobId job);
  bool step_of_a_process();
  bool step_of_a_caller();
  void kill_a_process();
  void end_a_main_thread();
  void stand_still();
  void end_streams();
  void must_step_of_a_caller();
  bool pass_time();
  void elsewhere();
  void unlocked();

  Environment environment_;
  Referee referee_;
  Owner owner_;
  std::vector<JobId> jobs_, streams_;  // streams that are not sealed
  int to_submit_ = 0;
  bool closed_ = false;
  std::uint64_t steps_ = 0;
};

}  // namespace brood::simulation
