#include "progress/line.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "progress/text.hpp"

namespace brood::progress {
namespace {

using Seconds = std::chrono::duration<double>;

/// What a line consists of, each ready to be shown; empty: it is not there.
struct Parts {
  std::string label, share, count, rate, time, short_time, failed;
};

enum class Bar : bool { no, yes };
enum class Label : unsigned char { whole, cut, none };
enum class Count : bool { no, yes };
enum class Speed : bool { no, yes };
enum class Left : unsigned char { in_words, time, none };

/// Which of them a line has.
struct Layout {
  Label label;
  Bar bar;
  Count count;
  Speed speed;
  Left left;
};

// From the widest to the narrowest. The share and the failures are in each.
constexpr std::array layouts{
    Layout{Label::whole, Bar::yes, Count::yes, Speed::yes, Left::in_words},
    Layout{Label::whole, Bar::no, Count::yes, Speed::yes, Left::in_words},
    Layout{Label::whole, Bar::no, Count::no, Speed::yes, Left::in_words},
    Layout{Label::whole, Bar::no, Count::no, Speed::no, Left::in_words},
    Layout{Label::whole, Bar::no, Count::no, Speed::no, Left::time},
    Layout{Label::cut, Bar::no, Count::no, Speed::no, Left::time},
    Layout{Label::none, Bar::no, Count::no, Speed::no, Left::time},
    Layout{Label::none, Bar::no, Count::no, Speed::no, Left::none},
};
constexpr std::size_t shortest_bar = 12, shortest_label = 5;  // columns

void append(std::string& line, std::string_view part) {
  if (part.empty()) return;
  if (!line.empty()) line += ' ';
  line += part;
}

std::string bar_of(const Progress& progress, std::size_t columns) {
  const std::size_t inside = columns - 2;
  const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
  const auto filled =
      std::min(static_cast<std::size_t>(share * static_cast<double>(inside)), inside);
  return '[' + std::string(filled, '#') + std::string(inside - filled, '.') + ']';
}

// What stands behind the label and the bar.
std::string tail_of(const Parts& parts, const Layout& layout) {
  std::string tail;
  if (layout.count == Count::yes) append(tail, parts.count);
  if (layout.speed == Speed::yes) append(tail, parts.rate);
  if (layout.left == Left::in_words) append(tail, parts.time);
  if (layout.left == Left::time) append(tail, parts.short_time);
  append(tail, parts.failed);
  return tail;
}

/// The line by this layout; empty where it has no room.
std::string laid_out(const Parts& parts, const Progress& progress, const Layout& layout,
                     std::size_t columns) {
  const std::string tail = tail_of(parts, layout);
  std::string fixed = parts.share;
  append(fixed, tail);
  if (fixed.size() > columns) return {};
  const std::size_t room = columns - fixed.size();  // for the label, the bar, and spaces
  std::string line;
  if (layout.label != Label::none && !parts.label.empty()) {
    const std::size_t whole = columns_of(parts.label);
    if (room < 1 + (layout.label == Label::whole ? whole : std::min(whole, shortest_label)))
      return {};
    line = shortened(parts.label, room - 1);
  }
  append(line, parts.share);
  if (layout.bar == Bar::yes && progress.total != 0) {
    const std::size_t taken = columns_of(line) + 1 + (tail.empty() ? 0 : tail.size() + 1);
    if (taken + shortest_bar > columns) return {};
    append(line, bar_of(progress, columns - taken));
  }
  append(line, tail);
  return line;
}

std::string fitted(const Parts& parts, const Progress& progress, std::size_t columns, Bar bar) {
  for (const Layout& layout : layouts) {
    if (layout.bar == Bar::yes && bar == Bar::no) continue;
    std::string line = laid_out(parts, progress, layout, columns);
    if (!line.empty()) return line;
  }
  return parts.share.substr(0, columns);
}

Parts parts_of(const View& view) {
  const auto& [done, total, failed] = view.progress;
  Parts parts;
  parts.label = view.label;
  if (total == 0) {
    parts.share = std::to_string(done);
  } else {
    const double share = static_cast<double>(done) / static_cast<double>(total);
    parts.share = fmt::format("{:3}%", static_cast<int>(std::min(share * 100, 100.0)));
    const std::string all = std::to_string(total);
    parts.count = fmt::format("{:>{}}/{}", done, all.size(), all);
  }
  if (failed != 0) parts.failed = std::to_string(failed) + " failed";
  return parts;
}

}  // namespace

std::string running_line(const View& view, std::size_t columns) {
  const auto& [done, total, failed] = view.progress;
  Parts parts = parts_of(view);
  if (view.rate > 0) {
    parts.rate = as_rate(view.rate);
    if (total > done) {
      parts.short_time = as_time(Seconds(static_cast<double>(total - done) / view.rate));
      parts.time = parts.short_time + " left";
    }
  }
  return fitted(parts, view.progress, columns, columns == any_length ? Bar::no : Bar::yes);
}

std::string last_line(const View& view, std::size_t columns) {
  const auto& [done, total, failed] = view.progress;
  Parts parts = parts_of(view);
  const Seconds elapsed = view.elapsed;
  if (done != 0 && elapsed.count() > 0)
    parts.rate = as_rate(static_cast<double>(done) / elapsed.count());
  parts.short_time = as_time(elapsed);
  parts.time = (done < total ? "stopped after " : "in ") + parts.short_time;
  return fitted(parts, view.progress, columns, Bar::no);
}

std::string as_time(Seconds time) {
  constexpr double day = 24 * 60 * 60;
  constexpr double longest = 1e6;  // days
  const double all = std::clamp(time.count(), 0.0, longest * day);
  if (all >= 2 * day) return fmt::format("{:.0f} days", std::floor(all / day));
  const auto seconds = static_cast<long>(std::lround(all));
  if (seconds < 60 * 60) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string as_rate(double per_second) {
  struct Unit {
    double above, factor;
    const char* name;
  };
  constexpr std::array units{Unit{1e6, 1e-6, "M/s"}, Unit{1e3, 1e-3, "k/s"}, Unit{0.1, 1, "/s"},
                             Unit{0.1 / 60, 60, "/min"}, Unit{0, 3600, "/h"}};
  const auto* const unit = std::find_if(units.begin(), units.end() - 1,
                                        [&](const Unit& one) { return per_second >= one.above; });
  const double number = per_second * unit->factor;
  const int digits = number < 10 ? 2 : number < 100 ? 1 : 0;
  return fmt::format("{:.{}f}{}", number, digits, unit->name);
}

}  // namespace brood::progress
