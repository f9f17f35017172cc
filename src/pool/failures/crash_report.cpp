#include "pool/failures/crash_report.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <new>
#include <string_view>
#include <utility>

#include "base/printable.hpp"
#include "base/stack_trace.hpp"
#include "platform/system_call_names.hpp"
#include "platform/watch.hpp"
#include "pool/failures/errors.hpp"
#include "protocol/messages.hpp"

namespace brood::pool {

using protocol::LastWords;
using Cause = CrashReport::Cause;

namespace {

constexpr std::string_view level_names[] = {"trace",   "debug", "info",
                                            "warning", "error", "critical"};

std::string level_name(int level) {
  const auto last = static_cast<int>(std::size(level_names)) - 1;
  return std::string(level_names[std::clamp(level, 0, last)]);
}

/// Null where the worker had no time for any.
const LastWords* written(const LastWords& words) {
  return words.told.load(std::memory_order_acquire) != 0 ? &words : nullptr;
}

// The worker may have written anything there: counts and texts are bounded here.
std::shared_ptr<const detail::StackTrace> trace_of(const LastWords& words) {
  const std::size_t frames =
      std::min<std::size_t>(words.frames.load(std::memory_order_acquire), LastWords::most_frames);
  const std::size_t count =
      std::min<std::size_t>(words.modules.load(std::memory_order_acquire), LastWords::most_modules);
  if (frames == 0) return nullptr;
  std::vector<detail::StackTrace::Module> modules;
  for (const LastWords::Module& module : std::span(words.module, count)) {
    const auto* const end = std::find(module.path, module.path + LastWords::longest_path, '\0');
    modules.push_back(
        {module.begin, module.end, module.base, module.id, std::string(module.path + 0, end)});
  }
  return std::make_shared<const detail::StackTrace>(
      std::vector<std::uint64_t>(words.frame, words.frame + frames), std::move(modules));
}

// Without words the signal alone says it: the task may have blocked it, or have overwritten them.
bool was_refused_a_call(const WorkerHistory& worker, const ExitStatus& status,
                        const LastWords* words) {
  if (words == nullptr) return worker.sandboxed && status.value == SIGSYS;
  return words->signal == SIGSYS && words->code == LastWords::code_of_refusal;
}

bool is_from_kernel(const LastWords& words) { return words.code > 0; }

bool is_from_another(const LastWords& words, const WorkerHistory& worker) {
  return (words.code == SI_USER || words.code == SI_QUEUE) && words.sender != worker.pid;
}

// Not where it died of something else before the signal came.
bool is_ended_by_us(const WorkerHistory& worker, const ExitStatus& status) {
  if (worker.broken) return true;
  return !worker.stopped_because.empty() &&
         (status.value == SIGTERM || (status.value == SIGKILL && worker.killed));
}

Cause cause_of(const WorkerHistory& worker, const Death& death, const Limits& limits) {
  const ExitStatus& status = death.ended.status;
  if (worker.oversize != 0) return Cause::resident_limit;
  if (status.kind == ExitStatus::Kind::lost) return Cause::unknown;
  if (status.kind == ExitStatus::Kind::exited) return Cause::exited;
  const auto cpu_time = death.ended.user_time + death.ended.system_time;
  const bool over_time = limits.cpu_time && cpu_time >= *limits.cpu_time;
  if (status.value == SIGXCPU || (status.value == SIGKILL && over_time))
    return Cause::cpu_time_limit;
  if (was_refused_a_call(worker, status, written(worker.last_words))) return Cause::refused_call;
  if (const LastWords* const words = written(worker.last_words))
    return is_from_another(*words, worker) ? Cause::killed : Cause::crashed;
  if (is_ended_by_us(worker, status)) return Cause::stopped;
  if (status.value == SIGKILL && death.out_of_memory.value_or(false))
    return Cause::out_of_memory_killer;
  return Cause::killed;
}

// Where its owner lives, one that takes that for dead has no way to it any more either.
bool has_lost_its_channel(int exit_code) {
  return exit_code == protocol::exit_closed_channel || exit_code == platform::exit_orphaned;
}

void add_last_words(CrashReport& report, const LastWords& words) {
  if (report.cause == Cause::crashed && is_from_kernel(words)) {
    report.address = words.address;
    report.stack_overflow = words.stack_overflow == 1;
  }
  if (report.cause == Cause::killed) report.sender = words.sender;
  if (report.cause == Cause::refused_call)
    report.refused_call = platform::system_call_name(words.refused_call);
  report.peak_resident =
      std::max(report.peak_resident, words.peak_resident.load(std::memory_order_acquire));
  report.trace = trace_of(words);
}

}  // namespace

void LastLogLines::add(const protocol::LogRecord& record) {
  if (lines_.size() == most_lines) lines_.pop_front();
  std::string line = level_name(record.level) + ": ";
  line += base::printable(std::string_view(record.text).substr(0, longest_line - line.size()));
  lines_.push_back(std::move(line));
}

// A handler of exit(3) may crash.
ExitStatus reported_status(const LastWords& words) {
  if (written(words) != nullptr) {
    const int signal = words.signal;
    if (signal > 0 && signal <= SIGRTMAX) return {ExitStatus::Kind::signaled, signal, false};
  }
  if (words.exited.load(std::memory_order_acquire) == 1)
    return {ExitStatus::Kind::exited, words.exit_code & 0xff, false};
  return {};
}

bool was_killed(const Death& death) noexcept {
  const ExitStatus& status = death.ended.status;
  return status.kind == ExitStatus::Kind::signaled && status.value == SIGKILL;
}

namespace {

// `limits` are those that it had.
std::shared_ptr<const CrashReport> make_report(const WorkerHistory& worker, const Death& death,
                                               const Limits& limits) {
  auto report = std::make_shared<CrashReport>();
  report->cause = cause_of(worker, death, limits);
  if (death.ended.status.kind == ExitStatus::Kind::signaled)
    report->signal = death.ended.status.value;
  report->perhaps_out_of_memory =
      report->cause == Cause::killed && report->signal == SIGKILL && !death.out_of_memory;
  report->user_time = death.ended.user_time;
  report->system_time = death.ended.system_time;
  report->peak_resident = std::max(death.ended.peak_resident, worker.peak_seen);
  if (report->cause == Cause::cpu_time_limit && limits.cpu_time)
    report->cpu_time_limit = *limits.cpu_time;
  if (report->cause == Cause::resident_limit) {
    report->resident_limit = limits.resident_hard.value_or(0);
    report->resident = worker.oversize;
  }
  if (report->cause == Cause::stopped) report->stopped_because = worker.stopped_because;
  if (report->cause == Cause::exited && has_lost_its_channel(death.ended.status.value))
    report->stopped_because = "what ran in it has closed the descriptors to its owner";
  report->last_log_lines = worker.log_lines.lines();
  if (worker.output) report->output = *worker.output;
  if (const LastWords* const words = written(worker.last_words)) add_last_words(*report, *words);
  return report;
}

}  // namespace

WorkerExit exit_of(const WorkerHistory& worker, const Death& death, const Limits& limits) noexcept {
  WorkerExit exit;
  exit.status = death.ended.status;
  exit.fault_of_ours = worker.fault_of_ours;
  try {
    exit.worker = {worker.name, worker.pid};
    exit.report = make_report(worker, death, limits);
  } catch (const std::bad_alloc&) {
    if (!exit.fault_of_ours) exit.fault_of_ours = out_of_memory();
  }
  return exit;
}

}  // namespace brood::pool
