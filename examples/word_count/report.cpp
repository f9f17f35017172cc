#include "report.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

namespace word_count {

void print_comparison(const std::vector<Measurement>& measurements) {
  std::printf("%-14s  %10s  %10s  %9s  %s\n", "method", "start [ms]", "count [s]", "speed-up",
              "same answer");
  for (const Measurement& m : measurements) {
    const double speed_up = measurements.front().count / m.count;
    std::printf("%-14s  %10.1f  %10.3f  %8.2fx  %s\n", m.method.c_str(), m.start.count() * 1000,
                m.count.count(), speed_up, m.same ? "yes" : "NO");
  }
}

void print_top(const Summary& summary, std::size_t top) {
  using Entry = std::pair<std::string, std::uint64_t>;
  std::vector<Entry> sorted(std::min(top, summary.counts.size()));
  std::partial_sort_copy(summary.counts.begin(), summary.counts.end(), sorted.begin(), sorted.end(),
                         [](const auto& a, const auto& b) {
                           return a.second != b.second ? a.second > b.second : a.first < b.first;
                         });
  for (const auto& [word, count] : sorted) {
    std::printf("%12" PRIu64 "  %s\n", count, word.c_str());
  }
}

void print_totals(const Summary& summary) {
  std::printf("%" PRIu64 " files, %" PRIu64 " bytes, %" PRIu64 " words, %zu distinct\n",
              summary.files, summary.bytes, summary.words, summary.counts.size());
}

void print_warnings(std::vector<Unreadable> directories, const std::vector<Unreadable>& files) {
  std::vector<Unreadable> all = std::move(directories);
  all.insert(all.end(), files.begin(), files.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (const auto& [path, reason] : all) {
    std::fprintf(stderr, "word_count: warning: not counted: %s: %s\n", path.c_str(),
                 reason.c_str());
  }
}

void print_lost(const std::vector<std::string>& ends) {
  for (const std::string& end : ends) std::printf("survived: %s\n", end.c_str());
}

void print_trace(const std::string& file) {
  if (!file.empty()) std::printf("timeline: %s\n", file.c_str());
}

}  // namespace word_count
