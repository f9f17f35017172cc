// Many results: as they come, the first of several, and one callback for success and failure.
#include <brood/brood.hpp>
#include <future>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

std::size_t measure(const std::string& word) {
  if (word.empty()) throw std::invalid_argument("an empty word");
  return word.size();
}
// Two ways to the same number, of which one never arrives.
int by_search() {
  std::this_thread::sleep_for(1h);
  return 5050;
}
int by_formula() { return 100 * 101 / 2; }

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool(2), other(1);  // results of several pools may be waited for together

  std::vector<brood::AsyncResult<std::size_t>> lengths;
  for (const char* const word : {"one", "four", "", "twenty"})
    lengths.push_back((lengths.size() % 2 ? other : pool).apply_async(measure, word));
  std::size_t sum = 0, failed = 0;
  for (const auto& length : brood::as_completed(lengths)) {  // whichever is ready first
    if (length.successful())
      sum += length.get();
    else
      ++failed;
  }
  std::cout << sum << " letters, " << failed << " failed\n";

  std::vector<brood::AsyncResult<int>> ways;
  ways.push_back(pool.apply_async(by_search));
  ways.push_back(pool.apply_async(by_formula));
  const std::size_t first = brood::wait_any(ways);
  std::cout << "way " << first << " gives " << ways[first].get() << '\n';
  ways[1 - first].cancel(brood::Kill::yes);  // its worker is stopped, and replaced
  std::cout << std::boolalpha << "both ended: " << brood::wait_all_for(ways, 1min) << '\n';

  std::promise<void> called;  // callbacks run on a thread of the pool
  pool.apply_async(measure, "").on_done([&](const brood::Outcome<std::size_t>& outcome) {
    std::cout << (outcome.has_value() ? "a length" : "no length") << '\n';
    called.set_value();
  });
  called.get_future().get();

  std::future<int> future = pool.apply_async(by_formula).future();  // for code that takes a future
  std::cout << "future: " << future.get() << '\n';
}

// Prints: 13 letters, 1 failed
// Prints: way 1 gives 5050
// Prints: both ended: true
// Prints: no length
// Prints: future: 5050
