#include <brood/crash_report.hpp>

#include <cstdio>

#include "base/stack_trace.hpp"

namespace brood {
namespace {

std::string with_unit(double number, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof text, "%.4g %s", number, unit);
  return text;
}
std::string mebibytes(std::uint64_t bytes) {
  return with_unit(static_cast<double>(bytes) / (1 << 20), "MiB");
}
std::string seconds(std::chrono::nanoseconds time) {
  return with_unit(std::chrono::duration<double>(time).count(), "s");
}

std::string crash_in_words(const CrashReport& report) {
  if (!report.address) return "a signal of its own making";
  char text[64];
  std::snprintf(text, sizeof text, "a %s at address 0x%llx",
                report.stack_overflow ? "stack overflow" : "fault",
                static_cast<unsigned long long>(*report.address));
  return text;
}

std::string sent_in_words(const CrashReport& report) {
  if (report.sender > 0) return "process " + std::to_string(report.sender) + " sent the signal";
  const std::string text = "it is not known which process sent the signal";
  return report.perhaps_out_of_memory ? text + "; perhaps the kernel's out-of-memory killer" : text;
}

}  // namespace

std::string CrashReport::describe() const {
  switch (cause) {
    case Cause::exited:
      return stopped_because.empty() ? "it ended itself" : "it ended itself: " + stopped_because;
    case Cause::crashed:
      return crash_in_words(*this);
    case Cause::killed:
      return sent_in_words(*this);
    case Cause::stopped:
      return "the pool stopped it: " + stopped_because;
    case Cause::out_of_memory_killer:
      return "probably the kernel's out-of-memory killer";
    case Cause::cpu_time_limit:
      if (cpu_time_limit == std::chrono::nanoseconds(0)) return "its limit of CPU time";
      return "its limit of " + seconds(cpu_time_limit) + " of CPU time";
    case Cause::resident_limit:
      return "it had " + mebibytes(resident) + " of resident memory, more than its limit of " +
             mebibytes(resident_limit);
    case Cause::refused_call:
      if (refused_call.empty()) return "the sandbox refused a system call; it is not known which";
      return "the sandbox refused the system call " + refused_call + "(2)";
    case Cause::unknown:
      break;
  }
  return "unknown";
}

std::string CrashReport::stack_trace() const {
  return trace ? trace->text(detail::StackTrace::Frames::of_the_user) : std::string();
}
std::string CrashReport::full_stack_trace() const {
  return trace ? trace->text(detail::StackTrace::Frames::all) : std::string();
}

}  // namespace brood
