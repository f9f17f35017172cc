// What one call costs.
#include <brood/cpu.hpp>
#include <brood/pool.hpp>

#include <future>
#include <vector>

#include "baseline.hpp"
#include "in_process.hpp"
#include "measure.hpp"
#include "tasks.hpp"

namespace bench {
namespace calls {
namespace {

void call_in_turn(const brood::Pool& pool, int calls) {
  for (int i = 0; i < calls; ++i) keep(pool.apply(tasks::next, i));
}

void round_trips(const PipePeer& peer, int calls) {
  char message[64] = {};
  for (int i = 0; i < calls; ++i) {
    write_fully(peer.to(), message, sizeof message);
    read_fully(peer.from(), message, sizeof message);
  }
}

void apply_one_cpu(const Scale& scale, const Report& report) {
  const OnOneCpu pinned;
  const PipePeer peer(echo);
  const brood::Pool pool({.workers = 1});
  const int calls = scale.of(2000, 100);
  alternate(
      report, scale.of(21, 5), microseconds_each(calls),
      {{"brood", [&] { call_in_turn(pool, calls); }}, {"pipe", [&] { round_trips(peer, calls); }}});
}

// The pipe's ends stay on two CPUs; the pool's processes are where the system puts them.
void apply_two_cpus(const Scale& scale, const Report& report) {
  if (brood::available_cpus() < 2) return report.leave_out("this process may use one CPU only");
  const PipePeer peer([](int from, int to) {
    use_last_cpu();
    echo(from, to);
  });
  const brood::Pool pool({.workers = 1});
  const int calls = scale.of(2000, 100);
  alternate(report, scale.of(21, 5), microseconds_each(calls),
            {{"brood", [&] { call_in_turn(pool, calls); }},
             {"pipe",
              [&] {
                const OnOneCpu here;
                round_trips(peer, calls);
              }},
             {"std::async", [&] {
                for (int i = 0; i < calls; ++i)
                  keep(std::async(std::launch::async, tasks::next, i).get());
              }}});
}

void ask_all(const brood::Pool& pool, int calls) {
  std::vector<brood::AsyncResult<int>> results;
  results.reserve(static_cast<std::size_t>(calls));
  for (int i = 0; i < calls; ++i) results.push_back(pool.apply_async(tasks::next, i));
  for (const auto& result : results) keep(result.get());
}

void apply_async(const Scale& scale, const Report& report) {
  const brood::Pool pool({.workers = 2});
  const int calls = scale.of(200'000, 1000);
  std::vector<Side> sides = {{"brood", [&] { ask_all(pool, calls); }}};
  if (in_process::has_tbb) sides.push_back({"oneTBB", [&] { in_process::task_group(calls); }});
  alternate(report, 3, microseconds_each(calls), sides);
  const int threads = calls / 20;
  alternate(report, 1, microseconds_each(threads),
            {{"std::async", [&] { in_process::asynchronously(threads); }}});
}

}  // namespace
}  // namespace calls

std::vector<Row> call_rows() {
  return {{"apply_one_cpu", "us", calls::apply_one_cpu},
          {"apply_two_cpus", "us", calls::apply_two_cpus},
          {"apply_async", "us", calls::apply_async}};
}

}  // namespace bench
