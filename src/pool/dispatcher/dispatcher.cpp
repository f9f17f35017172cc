#include "pool/dispatcher/dispatcher.hpp"

#include "pool/dispatcher/loop.hpp"

namespace brood::pool {

Dispatcher::Dispatcher(PoolState& state, Supervisor& supervisor, Callbacks& callbacks,
                       OnInterrupt on_interrupt)
    : loop_(std::make_unique<Loop>(state, supervisor, callbacks, on_interrupt)) {}
Dispatcher::~Dispatcher() = default;
WorkerProcesses& Dispatcher::processes() noexcept { return loop_->processes(); }
void Dispatcher::run_thread() { loop_->run_thread(); }
void Dispatcher::finish() noexcept { loop_->finish(); }
bool Dispatcher::wake() noexcept { return loop_->wake(); }
bool Dispatcher::join(std::chrono::steady_clock::time_point deadline) {
  return loop_->join(deadline);
}
void Dispatcher::let_go() { loop_->let_go(); }

}  // namespace brood::pool
