// A thousand elements of which some fail: which ones, and why.
#include <brood/brood.hpp>
#include <csignal>
#include <iostream>
#include <numeric>
#include <thread>

using namespace std::chrono_literals;

int decode(int page) {
  if (page % 250 == 3) throw std::runtime_error("no header");
  if (page == 408) std::raise(SIGKILL);
  if (page == 700) std::this_thread::sleep_for(1h);
  return page;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool({.workers = 2, .limits = {.core_size = 0}});
  std::vector<int> pages(1000);
  std::iota(pages.begin(), pages.end(), 0);
  const auto outcomes = pool.with({.timeout = 500ms}).try_map(decode, pages);
  std::cout << brood::summary(outcomes) << '\n';

  // One by one, as they end: each knows its index and its kind.
  for (const brood::Outcome<int>& outcome : pool.try_imap(decode, {0, 1, 2, 3, 4})) {
    if (outcome) continue;
    const brood::Origin from = brood::origin(outcome.error()).value();
    std::cout << "element " << from.index << " failed in attempt " << from.attempt << '\n';
    if (outcome.kind() == brood::OutcomeKind::exception)
      std::cout << brood::describe(outcome.error()) << '\n';
  }
}

// Prints: 6 of 1,000 elements failed
// Prints:   4  exception    std::runtime_error: no header  [3, 253, 503, 753]
// Prints:   1  worker lost  signal 9 (SIGKILL, Killed)  [408]
// Prints:   1  timeout      longer than 500 ms  [700]
// Prints: element 3 failed in attempt 1
// Prints: std::runtime_error: no header
// Prints:   element 3, attempt 1
// Prints~   worker ForkServerPoolWorker-.* \(pid .*\)
