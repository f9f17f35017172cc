#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// One round of one row: several sides, each measured in turn, and one figure for each of them.
namespace bench {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

template <class Work>
double seconds(Work work) {
  const auto start = Clock::now();
  work();
  return Seconds(Clock::now() - start).count();
}

/// The compiler has to compute `value`, also where nothing needs it.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "m"(value) : "memory");
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Sizes are divided by this number.
class Scale {
 public:
  explicit Scale(double divisor) : divisor_(divisor) {}
  /// `full` divided, but not less than `least`.
  template <class T = int>
  T of(T full, T least = 1) const {
    return std::max(static_cast<T>(static_cast<double>(full) / divisor_), least);
  }

 private:
  double divisor_;
};

/// Prints what a row has measured, one JSON object a line.
class Report {
 public:
  Report(std::string row, std::string unit) : row_(std::move(row)), unit_(std::move(unit)) {}

  void add(const std::string& side, double value) const {
    std::printf(R"({"row": "%s", "side": "%s", "unit": "%s", "value": %.9g})"
                "\n",
                row_.c_str(), side.c_str(), unit_.c_str(), value);
    std::fflush(stdout);
  }
  /// Says why there is no figure. `reason` has no quotes.
  void leave_out(const std::string& reason) const {
    std::printf(R"({"row": "%s", "note": "%s"})"
                "\n",
                row_.c_str(), reason.c_str());
    std::fflush(stdout);
  }

 private:
  std::string row_, unit_;
};

/// What makes a figure of the seconds that a side took.
using Figure = std::function<double(double)>;
inline Figure microseconds_each(double count) {
  return [count](double time) { return time / count * 1e6; };
}
inline Figure nanoseconds_each(double count) {
  return [count](double time) { return time / count * 1e9; };
}
inline Figure milliseconds() {
  return [](double time) { return time * 1e3; };
}
inline Figure bandwidth(double bytes) {
  return [bytes](double time) { return bytes / time / (1 << 30); };
}

struct Side {
  std::string name;
  std::function<void()> work;
};

/// Runs every side once unmeasured, then each in turn, `repetitions` times. Reports the medians.
inline void alternate(const Report& report, int repetitions, const Figure& figure,
                      const std::vector<Side>& sides) {
  std::vector<std::vector<double>> times(sides.size());
  for (const Side& side : sides) side.work();
  for (int i = 0; i < repetitions; ++i) {
    for (std::size_t j = 0; j < sides.size(); ++j) times[j].push_back(seconds(sides[j].work));
  }
  for (std::size_t j = 0; j < sides.size(); ++j)
    report.add(sides[j].name, figure(median(times[j])));
}

/// A row: its name, the unit of its figures, and one round of it.
struct Row {
  std::string name, unit;
  std::function<void(const Scale&, const Report&)> run;
};

std::vector<Row> call_rows();
std::vector<Row> map_rows();
std::vector<Row> large_rows();
std::vector<Row> start_rows();
std::vector<Row> schedule_rows();
std::vector<Row> memory_rows();
std::vector<Row> sharing_rows();
std::vector<Row> many_worker_rows();

}  // namespace bench
