#include "wire/report_details.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/stack_trace.hpp"

namespace brood::wire {

void append_report(ExceptionDetails& details, const CrashReport& report) {
  const auto add = [&details](auto number) {
    details.numbers.push_back(static_cast<std::int64_t>(number));
  };
  add(report.cause);
  add(report.signal);
  add(report.sender);
  add(report.perhaps_out_of_memory);
  add(report.address.has_value());
  add(report.address.value_or(0));
  add(report.user_time.count());
  add(report.system_time.count());
  add(report.peak_resident);
  add(report.cpu_time_limit.count());
  add(report.resident_limit);
  add(report.resident);
  add(report.stack_overflow);
  details.texts.push_back(report.stack_trace());
  details.texts.push_back(report.refused_call);
  details.texts.push_back(report.stopped_because);
  details.texts.insert(details.texts.end(), report.last_log_lines.begin(),
                       report.last_log_lines.end());
}

std::shared_ptr<const CrashReport> report_from(const ExceptionDetails& details, std::size_t numbers,
                                               std::size_t texts) {
  const auto number = [&] { return details.number<std::int64_t>(numbers++); };
  const auto size = [&] { return static_cast<std::uint64_t>(number()); };
  auto report = std::make_shared<CrashReport>();
  constexpr auto last_cause = static_cast<std::int64_t>(CrashReport::Cause::refused_call);
  report->cause =
      static_cast<CrashReport::Cause>(std::clamp<std::int64_t>(number(), 0, last_cause));
  report->signal = static_cast<int>(number());
  report->sender = static_cast<int>(number());
  report->perhaps_out_of_memory = number() != 0;
  const bool has_address = number() != 0;
  const std::uint64_t address = size();
  if (has_address) report->address = address;
  report->user_time = std::chrono::nanoseconds(number());
  report->system_time = std::chrono::nanoseconds(number());
  report->peak_resident = size();
  report->cpu_time_limit = std::chrono::nanoseconds(number());
  report->resident_limit = size();
  report->resident = size();
  report->stack_overflow = number() != 0;
  const std::string trace = details.text(texts++);
  if (!trace.empty()) report->trace = std::make_shared<const detail::StackTrace>(trace);
  report->refused_call = details.text(texts++);
  report->stopped_because = details.text(texts++);
  for (; texts < details.texts.size(); ++texts)
    report->last_log_lines.push_back(details.texts[texts]);
  return report;
}

}  // namespace brood::wire
