#include <brood/process.hpp>

#include <csignal>
#include <ostream>
#include <string>
#include <utility>

#include "base/type_name.hpp"
#include "process/core.hpp"

namespace brood {

namespace detail {

ProcessTarget::~ProcessTarget() = default;

void throw_no_task(const std::type_info& function) {
  throw UsageError("brood::Process: only fork runs a callable that is no task (" +
                   base::type_name(function) +
                   "); for spawn and forkserver give it a function, a captureless lambda, "
                   "brood::copied(lambda) where captures are trivially copyable values, or "
                   "brood::task(function, values...)");
}

void throw_no_value(std::size_t position, const std::type_info& argument) {
  throw UsageError("brood::Process: only fork takes argument " + std::to_string(position) + " (" +
                   base::type_name(argument) +
                   "), which cannot travel; for spawn and forkserver give its type a default "
                   "constructor and a cereal serialize() function, or include the cereal/types "
                   "header for it");
}

}  // namespace detail

Process::Process(ProcessOptions options, std::unique_ptr<detail::ProcessTarget> target)
    : core_(std::make_shared<detail::ProcessCore>(std::move(options), std::move(target))) {}

Process::Process(Process&& other) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  const Process ended = std::move(*this);
  core_ = std::move(other.core_);
  return *this;
}

Process::~Process() {
  if (core_ && core_->is_ours()) core_->end();
}

detail::ProcessCore& Process::core() const {
  if (!core_) throw UsageError("brood::Process: this one has been moved from");
  if (!core_->is_ours())
    throw UsageError("brood::Process: it belongs to the process that this one was forked from");
  return *core_;
}

void Process::start() { core().start(); }
void Process::join() { core().wait(std::nullopt); }
bool Process::join_by(const detail::Deadline& deadline) { return core().wait(deadline); }
bool Process::is_alive() const { return core().is_alive(); }

int ExitCode::value() const {
  if (!has_value())
    throw UsageError("the exit code of a process that has not ended, or whose end was not told");
  return *number_;
}
std::ostream& operator<<(std::ostream& stream, const ExitCode& code) {
  if (!code.has_value()) return stream << "none";
  return stream << code.value();
}

ExitCode Process::exit_code() const {
  const std::optional<ExitStatus> status = core().status();
  if (!status || status->kind == ExitStatus::Kind::lost) return std::nullopt;
  return status->kind == ExitStatus::Kind::signaled ? -status->value : status->value;
}

ExitStatus Process::exit_status() const {
  const std::optional<ExitStatus> status = core().status();
  if (!status) throw UsageError("brood::Process: exit_status() comes after the end; join() first");
  return *status;
}

int Process::pid() const { return core().pid(); }
int Process::sentinel() const { return core().sentinel(); }

const std::string& Process::name() const {
  if (!core_) throw UsageError("brood::Process: this one has been moved from");
  return core_->name();
}

bool Process::daemon() const {
  if (!core_) throw UsageError("brood::Process: this one has been moved from");
  return core_->daemon();
}

void Process::terminate() { core().send_signal(SIGTERM); }
void Process::kill() { core().send_signal(SIGKILL); }
void Process::interrupt() { core().send_signal(SIGINT); }
void Process::close() { core().close(); }

}  // namespace brood
