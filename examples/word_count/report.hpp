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

/// What became of workers that were lost on purpose, each in a line.
void print_lost(const std::vector<std::string>& ends);
/// Where the timeline is; nothing where there is none.
void print_trace(const std::string& file);

}  // namespace word_count
