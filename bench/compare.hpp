#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "baseline.hpp"

namespace bench {

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// Times `ours` and `bare` in turn and reports both, and their ratio.
template <class Ours, class Bare>
void compare(benchmark::State& state, double calls, Ours ours, Bare bare) {
  std::vector<double> our_times, bare_times, ratios;
  for (auto _ : state) {
    const double bare_time = seconds(bare);
    const double our_time = seconds(ours);
    state.SetIterationTime(our_time);
    our_times.push_back(our_time);
    bare_times.push_back(bare_time);
    ratios.push_back(our_time / bare_time);
  }
  state.counters["brood_us"] = median(our_times) / calls * 1e6;
  state.counters["bare_us"] = median(bare_times) / calls * 1e6;
  state.counters["ratio"] = median(ratios);
}

}  // namespace bench
