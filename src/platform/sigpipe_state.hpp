#pragma once

namespace brood::platform {

/// What SigpipeGuard knows of this thread; a process that resets its signals starts with a fresh
/// one.
struct SigpipeState {
  unsigned depth = 0;  // guards alive
  bool was_blocked = false;
  bool was_pending = false;
  bool raised = false;
};
extern thread_local SigpipeState sigpipe_state;

}  // namespace brood::platform
