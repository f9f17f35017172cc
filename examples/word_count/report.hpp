#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "count.hpp"

namespace word_count {

using Seconds = std::chrono::duration<double>;

/// One way to do the same work, and what it took.
struct Measurement {
  std::string method;
  Seconds start{}, count{};
  bool same = true;
};

/// The first measurement is the one that the others are compared with.
void print_comparison(const std::vector<Measurement>& measurements);
void print_top(const Summary& summary, std::size_t top);
void print_totals(const Summary& summary);
/// To stderr, in the order of their paths.
void print_warnings(std::vector<Unreadable> directories, const std::vector<Unreadable>& files);

/// A bar on stderr; nothing where that is no terminal.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void show(std::size_t done, std::size_t total);

 private:
  std::string label_;
  bool on_terminal_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace word_count
