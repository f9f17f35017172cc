#include "in_process.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <future>
#include <stdexcept>

#include "measure.hpp"
#include "tasks.hpp"
#ifdef BROOD_BENCH_TBB
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_group.h>
#endif

namespace bench::in_process {

#ifdef BROOD_BENCH_TBB
namespace {

template <class T, class F>
void each(const std::vector<T>& input, std::vector<T>& output, F f) {
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, input.size()), [&](const auto& part) {
    for (std::size_t i = part.begin(); i != part.end(); ++i) output[i] = f(input[i]);
  });
}

}  // namespace

void task_group(int calls) {
  std::vector<int> results(static_cast<std::size_t>(calls));
  tbb::task_group group;
  for (int i = 0; i < calls; ++i)
    group.run([&results, i] { results[static_cast<std::size_t>(i)] = tasks::next(i); });
  group.wait();
  keep(results);
}
void next_of_each(const std::vector<int>& input, std::vector<int>& output) {
  each(input, output, [](int value) { return tasks::next(value); });
}
void root_of_each(const std::vector<double>& input, std::vector<double>& output) {
  each(input, output, [](double value) { return tasks::root(value); });
}
#else
void task_group(int) { throw std::logic_error("built without oneTBB"); }
void next_of_each(const std::vector<int>&, std::vector<int>&) { task_group(0); }
void root_of_each(const std::vector<double>&, std::vector<double>&) { task_group(0); }
#endif

void asynchronously(int calls) {
  for (int begun = 0; begun < calls;) {
    std::vector<std::future<int>> futures;
    for (const int end = std::min(calls, begun + 100); begun < end; ++begun)
      futures.push_back(std::async(std::launch::async, tasks::next, begun));
    for (auto& future : futures) keep(future.get());
  }
}

}  // namespace bench::in_process
