#pragma once

#include <string>

namespace brood::worker {

/// What brood::this_worker tells from here on, in this process and in none that it forks. Threads:
/// before there are others.
void become_worker(const std::string& name, int slot);
/// Destroys the state that PoolOptions::state has made. What its destructor throws ends the
/// process.
void drop_state() noexcept;

}  // namespace brood::worker
