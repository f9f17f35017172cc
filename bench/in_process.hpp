#pragma once

#include <vector>

// The same work by threads of this process: what isolation costs.
namespace bench::in_process {

#ifdef BROOD_BENCH_TBB
inline constexpr bool has_tbb = true;
#else
inline constexpr bool has_tbb = false;
#endif

/// `calls` tasks of a oneTBB task_group, each writing its result; then waits.
void task_group(int calls);
/// oneTBB's parallel_for; output[i] = next(input[i]). Both have the same size.
void next_of_each(const std::vector<int>& input, std::vector<int>& output);
/// Same for the square root. `input` may be `output`.
void root_of_each(const std::vector<double>& input, std::vector<double>& output);
/// `calls` threads by std::async, at most 100 at a time.
void asynchronously(int calls);

}  // namespace bench::in_process
