#include "pool/dispatcher/process_dispatcher.hpp"

#include <chrono>

#include "pool/dispatcher/loop.hpp"

namespace brood::pool {

ProcessDispatcher::ProcessDispatcher(const PoolOptions& options, PoolState& state,
                                     Callbacks& callbacks)
    : supervisor_(options),
      state_(state),
      loop_(std::make_unique<Loop>(state, supervisor_, callbacks, options.on_interrupt)) {}
ProcessDispatcher::~ProcessDispatcher() = default;
WorkerProcesses& ProcessDispatcher::processes() noexcept { return loop_->processes(); }

void ProcessDispatcher::begin() {
  start_first_workers();
  loop_->run_thread();
}

// Before there is a dispatcher's thread, so that what fails is thrown to the caller; then nothing
// may be left behind.
void ProcessDispatcher::start_first_workers() {
  no_other_thread_knows();
  Driver& driver = state_.driver();
  try {
    for (const WorkerId id : driver.first_starts(std::chrono::steady_clock::now()))
      driver.started(supervisor_.start(id), std::chrono::steady_clock::now());
    supervisor_.prepare();
  } catch (...) {
    for (const auto& link : driver.workers().all()) {
      if (link) supervisor_.discard(process_of(*link));
    }
    throw;
  }
}

void ProcessDispatcher::finish() noexcept { loop_->finish(); }
bool ProcessDispatcher::wake() noexcept { return loop_->wake(); }
bool ProcessDispatcher::join(std::chrono::steady_clock::time_point deadline) {
  return loop_->join(deadline);
}
void ProcessDispatcher::let_go() { loop_->let_go(); }

}  // namespace brood::pool
