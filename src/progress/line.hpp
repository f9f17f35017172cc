#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include <brood/progress.hpp>

namespace brood::progress {

/// What a line says.
struct View {
  std::string label;  // of one_line()
  Progress progress;
  double rate = 0;  // elements per second; 0: not known yet
  std::chrono::steady_clock::duration elapsed{};
};

/// Of a call that runs, in at most so many columns:
///   decoding  43% [########............]  430/1000 83.2/s 0:07 left 2 failed
/// Where that is too long, the bar goes first, then the count, the rate, the label's end. Where the
/// total is not known, there are label, count, rate and failures.
std::string running_line(const View& view, std::size_t columns);
/// Of one that has ended, the rate being that of all its time:
///   decoding 100% 1000/1000 83.2/s in 0:12 2 failed
std::string last_line(const View& view, std::size_t columns);
/// For a log or a file, whose lines may have any length.
inline constexpr std::size_t any_length = static_cast<std::size_t>(-1);

/// "0:07", "1:02:03", "12 days".
std::string as_time(std::chrono::duration<double> time);
/// "83.2/s", "1.50k/s", "2.0/min".
std::string as_rate(double per_second);

}  // namespace brood::progress
