#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

#include <brood/failures.hpp>

#include "base/duration_text.hpp"
#include "base/number_text.hpp"
#include "base/outcome_words.hpp"
#include "base/printable.hpp"
#include "pool/failures/causes.hpp"

namespace brood {

namespace {

constexpr std::size_t longest_text = 100;  // bytes of a group's text in the table
static_assert(base::outcome_words.size() == static_cast<std::size_t>(OutcomeKind::error) + 1);
constexpr int most_elements = 6;  // of a group in the table; one behind the other is one

// Without what differs between crashes that are alike: addresses, sizes and pids.
std::string crash_in_short(const WorkerLost& lost) {
  using Cause = CrashReport::Cause;
  const CrashReport& report = lost.report();
  const std::string status = lost.status().describe();
  switch (report.cause) {
    case Cause::crashed:
      return report.stack_overflow ? status + ": stack overflow" : status;
    case Cause::resident_limit:
      return status + ": more resident memory than its limit";
    case Cause::stopped:
    case Cause::out_of_memory_killer:
    case Cause::cpu_time_limit:
    case Cause::refused_call:
      return status + ": " + report.describe();
    default:
      return status;
  }
}

std::string text_of(const std::exception_ptr& error) {
  if (const auto* const lost = pool::exception_as<WorkerLost>(error)) return crash_in_short(*lost);
  if (const auto* const late = pool::exception_as<TaskTimeout>(error))
    return "longer than " + base::duration_text(late->limit());
  return pool::cause_in_words(error);
}

// The first line of it, cut between characters where it is long.
std::string in_one_line(const std::string& text) {
  std::string line = base::printable(text.substr(0, text.find('\n')));
  if (line.size() <= longest_text) return line;
  std::size_t end = longest_text;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return line.substr(0, end) + "…";
}

// "3, 7–12, 90, …"
std::string in_ranges(const std::vector<std::size_t>& elements) {
  std::string text;
  int shown = 0;
  for (auto first = elements.begin(); first != elements.end();) {
    auto last = first;
    while (last + 1 != elements.end() && *(last + 1) == *last + 1) ++last;
    if (!text.empty()) text += ", ";
    if (shown++ == most_elements) return text + "…";
    text += std::to_string(*first);
    if (last != first) text += (last == first + 1 ? ", " : "–") + std::to_string(*last);
    first = last + 1;
  }
  return text;
}

}  // namespace

FailureSummary::FailureSummary(std::size_t total, std::vector<Failed> failed)
    : total_(total), failed_(failed.size()) {
  std::map<std::pair<OutcomeKind, std::string>, std::size_t> places;
  for (Failed& one : failed) {
    const OutcomeKind kind = detail::kind_of(one.error);
    std::string text = one.error ? text_of(one.error) : "moved from";
    const auto [place, is_new] = places.try_emplace({kind, text}, groups_.size());
    if (is_new)
      groups_.push_back({.kind = kind, .text = std::move(text), .example = std::move(one.error)});
    groups_[place->second].elements.push_back(one.index);
  }
  std::stable_sort(groups_.begin(), groups_.end(), [](const Group& left, const Group& right) {
    return left.elements.size() > right.elements.size();
  });
}

std::string FailureSummary::str() const {
  std::string table = failed_ == 0 ? "all " + base::with_commas(total_) + " elements succeeded"
                                   : base::with_commas(failed_) + " of " +
                                         base::with_commas(total_) + " elements failed";
  std::size_t widest = 0;
  for (const Group& group : groups_)
    widest = std::max(widest, base::with_commas(group.elements.size()).size());
  for (const Group& group : groups_) {
    std::string count = base::with_commas(group.elements.size());
    count.insert(0, widest - count.size(), ' ');
    std::string kind = base::outcome_words[static_cast<std::size_t>(group.kind)];
    kind.resize(std::string("worker lost").size(), ' ');
    table += "\n  " + count + "  " + kind + "  " + in_one_line(group.text) + "  [" +
             in_ranges(group.elements) + "]";
  }
  return table;
}

std::ostream& operator<<(std::ostream& stream, const FailureSummary& summary) {
  return stream << summary.str();
}

}  // namespace brood
