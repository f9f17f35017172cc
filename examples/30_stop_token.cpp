// A task that may take long asks for its stop token: then a timeout costs the task and no worker.
#include <brood/brood.hpp>
#include <condition_variable>
#include <iostream>
#include <limits>
#include <mutex>
#include <stop_token>

/// Improves a solution step by step, until it is good enough or it is asked to stop.
long solve(long difficulty) {
  const std::stop_token token = brood::this_task::stop_token();
  long steps = 0;
  while (steps < difficulty && !token.stop_requested()) ++steps;
  return steps;
}

/// The token also wakes a wait, and calls back.
void wait_for_an_answer() {
  std::mutex mutex;
  std::condition_variable_any answer;
  std::unique_lock lock(mutex);
  answer.wait(lock, brood::this_task::stop_token(), [] { return false; });
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  using namespace std::chrono_literals;
  constexpr long endless = std::numeric_limits<long>::max();
  brood::Pool pool({.workers = 1});
  const auto worker = pool.apply([] { return brood::this_worker::name(); });

  const auto outcomes = pool.with({.timeout = 200ms}).try_map(solve, {1000L, endless, 2000L});
  for (const auto& outcome : outcomes) {
    if (outcome) std::cout << "element " << outcome.index() << ": " << *outcome << " steps\n";
    if (const auto* late = outcome.error_as<brood::TaskTimeout>())
      std::cout << "element " << late->index() << " was late; its worker was "
                << (late->worker_stopped() ? "stopped\n" : "kept\n");
  }
  try {
    pool.with({.timeout = 50ms}).apply(wait_for_an_answer);
  } catch (const brood::TaskTimeout&) {
    std::cout << "no answer came\n";
  }
  const bool same = pool.apply([] { return brood::this_worker::name(); }) == worker;
  std::cout << "the worker is " << (same ? "the same" : "another one") << '\n';
}

// Prints: element 0: 1000 steps
// Prints: element 1 was late; its worker was kept
// Prints: element 2: 2000 steps
// Prints: no answer came
// Prints: the worker is the same
