// What memory a pool takes.
#include "memory.hpp"

#include <brood/pool.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "baseline.hpp"
#include "measure.hpp"
#include "tasks.hpp"

namespace bench {
namespace memory {
namespace {

constexpr double kib = 1024;

void of_worker(const Scale&, const Report& report) {
  const PipePeer child([](int from, int to) {
    write_fully(to, "x", 1);
    for (char byte; read(from, &byte, 1) > 0;) {
    }
  });
  char byte = 0;
  read_fully(child.from(), &byte, 1);
  const brood::Pool pool({.workers = 1});
  keep(pool.apply(tasks::next, 1));
  report.add("brood", static_cast<double>(own_memory(pool.workers().front().pid)) / kib);
  report.add("fork", static_cast<double>(own_memory(child.process())) / kib);
}

// The only worker has a long element, so that all calls wait.
void of_waiting_call(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 1});
  const auto count = scale.of<std::size_t>(200'000, 20'000);
  std::vector<brood::AsyncResult<int>> results;
  results.reserve(count);
  for (int i = 0; i < 100; ++i) results.push_back(pool.apply_async(tasks::next, i));
  for (const auto& result : results) result.get();
  results.clear();
  const auto blocked = pool.apply_async(tasks::sleep_for, 600'000'000);
  const std::size_t before = own_memory(getpid());
  for (std::size_t i = 0; i < count; ++i) results.push_back(pool.apply_async(tasks::next, 1));
  const std::size_t after = own_memory(getpid());
  // The caller's handles are in it, too, in `results`.
  report.add("brood", static_cast<double>(after - before) / static_cast<double>(count));
}

// How far the memory grows after the first tenth of the elements.
void of_imap(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  const int count = scale.of(10'000'000, 100'000), step = count / 20;
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  std::size_t early = 0, most = 0;
  int seen = 0;
  for (const int value : pool.imap(tasks::next, values)) {
    keep(value);
    if (++seen % step != 0) continue;
    const std::size_t now = own_memory(getpid());
    if (seen <= 2 * step)
      early = std::max(early, now);
    else
      most = std::max(most, now);
  }
  report.add("brood", static_cast<double>(most > early ? most - early : 0) / kib);
}

}  // namespace
}  // namespace memory

std::vector<Row> memory_rows() {
  return {{"memory_worker", "KiB", memory::of_worker},
          {"memory_waiting_call", "B", memory::of_waiting_call},
          {"memory_imap", "KiB", memory::of_imap}};
}

}  // namespace bench
