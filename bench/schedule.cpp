// Which worker gets which element, and when.
#include <brood/pool.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "measure.hpp"
#include "tasks.hpp"

namespace bench {
namespace schedule {
namespace {

/// What elements of these lengths take when each goes, in order, to the first free of two workers.
double ideal(const std::vector<int>& microseconds) {
  double first = 0, second = 0;
  for (const int length : microseconds) {
    double& earlier = first <= second ? first : second;
    earlier += length;
  }
  return std::max(first, second) * 1e-6;
}

// One element takes 100 times as long as each of 2,000 others. The figures are those of the place
// where the ratio is worst.
void long_element(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  const int length = scale.of(500, 50);
  double worst_time = 0, worst_ideal = 1;
  pool.map(tasks::spin_for, std::vector<int>(100, length));
  for (const std::size_t place : {0U, 500U, 1000U, 1500U, 1900U, 1990U, 2000U}) {
    std::vector<int> lengths(2001, length);
    lengths[place] = 100 * length;
    const double time = seconds([&] { pool.for_each(tasks::spin_for, lengths); });
    if (time / ideal(lengths) <= worst_time / worst_ideal) continue;
    worst_time = time;
    worst_ideal = ideal(lengths);
  }
  report.add("brood", worst_time * 1e3);
  report.add("ideal", worst_ideal * 1e3);
}

void sleeping_tasks(const Scale& scale, const Report& report) {
  const int workers = scale.of(200, 10), rounds = 10, length = 100'000;
  const brood::Pool pool({.workers = workers});
  const std::vector<int> lengths(static_cast<std::size_t>(rounds * workers), length);
  // Every worker is up when each has run an element.
  pool.with({.chunk = 1})
      .for_each(tasks::sleep_for, std::vector<int>(static_cast<std::size_t>(workers), length));
  report.add("brood", seconds([&] { pool.for_each(tasks::sleep_for, lengths); }) * 1e3);
  report.add("ideal", rounds * length * 1e-3);
}

std::vector<double> latencies(const brood::PoolCalls& calls, int count) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i)
    times.push_back(seconds([&] { keep(calls.apply_async(tasks::next, i).get()); }));
  return times;
}

void priority(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  const int waiting = scale.of(10'000, 1000), calls = scale.of(200, 10);
  latencies(pool, calls);
  const double idle = median(latencies(pool, calls));
  std::vector<brood::AsyncResult<void>> results;
  for (int i = 0; i < 2 * waiting; ++i) results.push_back(pool.apply_async(tasks::spin_for, 20));
  const auto urgent = pool.with({.priority = 1});
  std::vector<double> times;
  // No more than half of all are done while the calls are timed: `waiting` or more still wait.
  while (!results[static_cast<std::size_t>(waiting)].ready() &&
         times.size() < static_cast<std::size_t>(calls))
    times.push_back(latencies(urgent, 1).front());
  for (const auto& result : results) result.get();
  if (times.empty()) return report.leave_out("the waiting calls had ended before the first urgent");
  report.add("brood", median(times) * 1e6);
  report.add("brood, idle", idle * 1e6);
}

}  // namespace
}  // namespace schedule

std::vector<Row> schedule_rows() {
  return {{"long_element", "ms", schedule::long_element},
          {"sleeping_tasks", "ms", schedule::sleeping_tasks},
          {"priority", "us", schedule::priority}};
}

}  // namespace bench
