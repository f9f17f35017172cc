#pragma once

#include <memory>
#include <string>
#include <typeinfo>

#include "base/exit_hooks.hpp"

namespace brood::worker {

/// What brood::this_worker tells from here on, in this process and in none that it forks. Threads:
/// before there are others.
void become_worker(const std::string& name, int slot);
/// A worker without a process of its own, as its elements know it.
struct InlineIdentity {
  std::string name;
  int slot = 0;
  const std::type_info* state_type = nullptr;  // null: no state has been made
  std::shared_ptr<void> state;
  base::ThreadHooks::List hooks;
};

/// While it lives, brood::this_worker tells of this worker in the calling thread, and of no other.
class InlineScope {
 public:
  explicit InlineScope(InlineIdentity& worker) noexcept;
  ~InlineScope();
  InlineScope(const InlineScope&) = delete;
  InlineScope& operator=(const InlineScope&) = delete;

 private:
  InlineIdentity* const before_;
  const base::ThreadHooks hooks_;
};

/// Destroys the state that PoolOptions::state has made. What its destructor throws ends the
/// process.
void drop_state() noexcept;

}  // namespace brood::worker
