#include <brood/statistics.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <ostream>
#include <string_view>

#include "base/number_text.hpp"
#include "base/outcome_words.hpp"
#include "base/printable.hpp"

namespace brood {

namespace {

constexpr std::size_t label_width = 12, column_width = 11;

std::string with_unit(double number, const char* unit) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), number < 10 ? "%.2f %s" : "%.1f %s", number, unit);
  return text.data();
}

std::string time_text(double ns) {
  if (ns < 1e3) return with_unit(ns, "ns");
  if (ns < 1e6) return with_unit(ns / 1e3, "us");
  if (ns < 1e9) return with_unit(ns / 1e6, "ms");
  return with_unit(ns / 1e9, "s");
}

std::string bytes_text(std::uint64_t bytes) {
  const auto number = static_cast<double>(bytes);
  if (bytes < 1024) return std::to_string(bytes) + " B";
  if (number < 1024.0 * 1024) return with_unit(number / 1024, "KiB");
  if (number < 1024.0 * 1024 * 1024) return with_unit(number / (1024.0 * 1024), "MiB");
  return with_unit(number / (1024.0 * 1024 * 1024), "GiB");
}

std::string right(const std::string& text, std::size_t width = column_width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : ' ' + text;
}

std::string left(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return "  " + text;
}

// "1,000 elements: 997 value, 2 exception; 1 further attempt"
std::string outcomes_text(const Statistics& statistics) {
  std::string text = base::with_commas(statistics.elements) + " elements";
  const char* between = ": ";
  for (std::size_t i = 0; i < statistics.by_kind.size(); ++i) {
    if (statistics.by_kind[i] == 0) continue;
    text += between + base::with_commas(statistics.by_kind[i]) + ' ' + base::outcome_words[i];
    between = ", ";
  }
  if (const std::uint64_t open = statistics.elements - statistics.ended(); open != 0)
    text += between + base::with_commas(open) + " not ended";
  if (statistics.retries != 0)
    text += "; " + base::with_commas(statistics.retries) + " further attempts";
  return text;
}

std::string times_line(const char* what, const Histogram& times) {
  if (times.count() == 0) return {};
  std::string line = '\n' + left(what, label_width) + right(base::with_commas(times.count()));
  line += right(time_text(times.mean()));
  for (const double p : {0.5, 0.9, 0.99, 1.0})
    line += right(time_text(static_cast<double>(times.quantile(p))));
  return line;
}

std::string times_table(const Statistics& statistics) {
  const std::string lines =
      times_line("waiting", statistics.waiting) + times_line("decoding", statistics.decoding) +
      times_line("running", statistics.running) + times_line("encoding", statistics.encoding);
  if (lines.empty()) return {};
  std::string head = '\n' + left("", label_width);
  for (const char* const column : {"count", "mean", "50%", "90%", "99%", "max"})
    head += right(column);
  return head + lines;
}

std::string workers_table(const std::vector<Statistics::Worker>& workers) {
  std::size_t widest = std::string_view("worker").size();
  for (const Statistics::Worker& worker : workers) widest = std::max(widest, worker.name.size());
  std::string table = '\n' + left("worker", widest);
  for (const char* const column : {"done", "busy", "share", "sent", "received", "restarts"})
    table += right(column);
  for (const Statistics::Worker& worker : workers) {
    table += '\n' + left(base::printable(worker.name), widest);
    table += right(base::with_commas(worker.tasks_done));
    table += right(time_text(static_cast<double>(worker.busy.count())));
    table += right(with_unit(worker.utilization * 100, "%"));
    table += right(bytes_text(worker.bytes_sent)) + right(bytes_text(worker.bytes_received));
    table += right(base::with_commas(worker.restarts));
  }
  return table;
}

}  // namespace

std::uint64_t Statistics::ended() const noexcept {
  return std::accumulate(by_kind.begin(), by_kind.end(), std::uint64_t{0});
}

std::string Statistics::str() const {
  return outcomes_text(*this) + times_table(*this) +
         (workers.empty() ? std::string() : workers_table(workers)) + "\n  " +
         bytes_text(bytes_sent) + " sent, " + bytes_text(bytes_received) + " received, " +
         base::with_commas(restarts) + " restarts in " +
         time_text(static_cast<double>(lifetime.count()));
}

std::ostream& operator<<(std::ostream& stream, const Statistics& statistics) {
  return stream << statistics.str();
}

}  // namespace brood
