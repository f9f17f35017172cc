// What a call costs beside workers that have nothing to do, and how many workers one dispatcher
// keeps busy.
#include <brood/pool.hpp>

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure.hpp"
#include "tasks.hpp"

namespace bench {
namespace many_workers {
namespace {

std::string side_of(int workers) {
  return "brood, " + std::to_string(workers) + (workers == 1 ? " worker" : " workers");
}

/// A pool of which every worker is up.
std::unique_ptr<brood::Pool> pool_of(int workers) {
  auto pool = std::make_unique<brood::Pool>(brood::PoolOptions{.workers = workers});
  const auto starts = [](const brood::WorkerInfo& worker) { return worker.state == "starting"; };
  for (;;) {
    const std::vector<brood::WorkerInfo> all = pool->workers();
    if (std::none_of(all.begin(), all.end(), starts)) return pool;
    tasks::sleep_for(10'000);
  }
}

// One call at a time, so that all workers but one are idle.
double call_beside_idle_workers(int workers, int calls) {
  const auto pool = pool_of(workers);
  std::vector<double> times;
  for (int i = 0; i < calls; ++i)
    times.push_back(seconds([&] { keep(pool->apply_async(tasks::next, i).get()); }));
  return median(times);
}

void idle_workers(const Scale& scale, const Report& report) {
  const int calls = scale.of(20'000, 500), most = scale.of(1000, 50);
  report.add("brood", call_beside_idle_workers(most, calls) * 1e6);
  for (const int workers : {1, 10, 100})
    report.add(side_of(workers), call_beside_idle_workers(workers, calls) * 1e6);
}

void busy_workers(const Scale& scale, const Report& report) {
  const int length = 100'000, rounds = 10, most = scale.of(1000, 50);
  const auto time = [&](int workers) {
    const auto pool = pool_of(workers);
    const std::vector<int> lengths(static_cast<std::size_t>(rounds * workers), length);
    return seconds([&] { pool->for_each(tasks::sleep_for, lengths); }) * 1e3;
  };
  report.add("brood", time(most));
  for (const int workers : {1, 10, 100}) report.add(side_of(workers), time(workers));
  report.add("ideal", rounds * length * 1e-3);
}

/// CPU time that the dispatchers of this process have taken, in ns.
double dispatched() {
  DIR* const threads = opendir("/proc/self/task");
  if (threads == nullptr) throw std::runtime_error("opendir");
  double sum = 0;
  while (const dirent* const entry = readdir(threads)) {
    const std::string number = entry->d_name;
    std::string name;
    std::getline(std::ifstream("/proc/self/task/" + number + "/comm") >> std::ws, name);
    if (name != "brood-dispatch") continue;
    // CPUCLOCK_PERTHREAD and CPUCLOCK_SCHED of the kernel's <linux/posix-timers.h>.
    const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(std::stoi(number)) << 3) | 6);
    timespec time{};
    if (clock_gettime(clock, &time) != 0) throw std::runtime_error("clock_gettime");
    sum += static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  }
  closedir(threads);
  return sum;
}

// Many elements to a report, and a report for each element.
void dispatcher(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  const auto each = [&](std::size_t count, int length) {
    pool.for_each(tasks::sleep_for, std::vector<int>(100, length));
    const std::vector<int> lengths(count, length);
    const double before = dispatched();
    pool.with({.chunk = 1}).for_each(tasks::sleep_for, lengths);
    return (dispatched() - before) / static_cast<double>(count);
  };
  const int alone = 1500;  // us: a worker has no other element meanwhile
  report.add("brood", each(scale.of<std::size_t>(200'000, 10'000), 0));
  report.add("brood, one by one", each(scale.of<std::size_t>(1000, 100), alone));
}

}  // namespace
}  // namespace many_workers

std::vector<Row> many_worker_rows() {
  return {{"idle_workers", "us", many_workers::idle_workers},
          {"busy_workers", "ms", many_workers::busy_workers},
          {"dispatcher", "ns", many_workers::dispatcher}};
}

}  // namespace bench
