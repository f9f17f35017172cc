#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "baseline.hpp"

// Two ways to the same end, measured in turn, many times, in one run.
namespace bench {

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

/// Times `ours` and `bare` in turn and reports both, and their ratio.
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

/// Seconds that a Python program says that it took, 0 where there is no python3.
inline double python_seconds(const std::string& program) {
  const std::string command = "python3 -c '" + program + "' 2>/dev/null";
  std::FILE* const output = popen(command.c_str(), "r");
  double seconds = 0;
  if (output == nullptr || std::fscanf(output, "%lf", &seconds) != 1) seconds = 0;
  if (output != nullptr) pclose(output);
  return seconds;
}

}  // namespace bench
