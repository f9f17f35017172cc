#include "pool/supervisor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "base/log.hpp"
#include "platform/identity.hpp"
#include "platform/oom_kills.hpp"
#include "platform/process.hpp"
#include "wire/code_ref.hpp"

namespace brood::pool {

namespace {

// Bytes: fewer switches between processes for large values. All pipes of a user may hold 64 MiB
// (pipe(7), pipe-user-pages-soft); who has more gets tiny ones.
constexpr std::size_t pipe_capacity = 256 * 1024;

constexpr std::uint64_t default_message_limit = std::uint64_t{1} << 30;  // bytes

std::optional<std::uint64_t> whole_seconds(const std::optional<std::chrono::nanoseconds>& time) {
  if (!time) return std::nullopt;
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(*time).count());
}

}  // namespace

Supervisor::Supervisor(const PoolOptions& options)
    : options_(options),
      method_(start::open_method(options.start_method)),
      owner_(platform::open_pidfd(::getpid())),
      message_limit_(options.max_message_size.value_or(default_message_limit)) {}

protocol::Setup Supervisor::setup_for(const std::string& name, const std::string& numbers) const {
  protocol::Setup setup;
  setup.build = wire::program_build_id();
  setup.name = name;
  setup.numbers = numbers;
  setup.owner_name = platform::process_name();
  setup.owner_pid = ::getpid();
  const auto initializer = options_.initializer.encoded();
  setup.initializer.assign(initializer.begin(), initializer.end());
  setup.address_space = options_.limits.address_space;
  setup.cpu_seconds = whole_seconds(options_.limits.cpu_time);
  setup.open_files = options_.limits.open_files;
  setup.core_size = options_.limits.core_size;
  setup.message_limit = message_limit_;
  setup.log_level = base::log_level();
  setup.resident = options_.limits.resident;
  setup.start_method = get_start_method();
  setup.nice = options_.nice;
  setup.cpus = options_.cpus;
  setup.sandbox = options_.sandbox.terms();
  return setup;
}

std::unique_ptr<WorkerLink> Supervisor::start(WorkerId id) {
  const std::string numbers = platform::next_child_numbers();
  const std::string name = start::name_prefix(method_->name()) + "PoolWorker-" + numbers;
  auto link = std::make_unique<WorkerLink>(id, name, message_limit_);
  platform::Pipe tasks = platform::make_pipe();
  platform::Pipe results = platform::make_pipe();
  platform::enlarge_pipe(tasks.write, pipe_capacity);
  platform::enlarge_pipe(results.write, pipe_capacity);
  link->sandboxed = options_.sandbox.terms().on;
  link->mapping = platform::SharedMapping::create("brood-worker", sizeof(protocol::WorkerPage));
  link->mapping.keep_from_forks();  // a worker maps its own page anew, by its descriptor
  platform::SocketPair escort = platform::make_socket_pair();
  link->escort = platform::Escort(std::move(escort.ours));
  link->send_descriptors(protocol::setup_group, protocol::setup_group,
                         options_.initializer.carried());
  protocol::encode_setup(link->outbox.tail(), setup_for(name, numbers));
  platform::set_nonblocking(tasks.write);
  platform::set_nonblocking(results.read);
  link->oom_kills = platform::oom_kills();
  start::StartedProcess process =
      method_->start(name, {tasks.read.get(), results.write.get(), link->mapping.descriptor().get(),
                            owner_.get(), escort.theirs.get()});
  link->mapping.drop_descriptor();
  link->pid = process.pid;
  link->pidfd = std::move(process.pidfd);
  link->tasks = std::move(tasks.write);
  link->tasks_read_end = std::move(tasks.read);  // kept, so that a write is never SIGPIPE
  link->results = std::move(results.read);
  link->outbox.write_to(link->tasks.get(), link->escort);
  return link;
}

// What cannot be asked for, for want of memory or descriptors, is lost.
Death Supervisor::collect(const WorkerLink& link) noexcept try {
  Death death{method_->collect(link.pid)};
  const ExitStatus& status = death.ended.status;
  if (status.kind != ExitStatus::Kind::signaled || status.value != SIGKILL) return death;
  const std::optional<std::uint64_t> kills = platform::oom_kills();
  if (kills && link.oom_kills) death.out_of_memory = *kills > *link.oom_kills;
  return death;
} catch (const std::exception&) {
  return {};
}

std::chrono::nanoseconds Supervisor::start_timeout() const {
  return options_.start_timeout.value_or(default_start_timeout);
}

bool Supervisor::is_late(const WorkerLink& link) const {
  return std::chrono::steady_clock::now() - link.since >= start_timeout();
}

std::exception_ptr Supervisor::why_not_ready(const WorkerLink& link, const ExitStatus& status,
                                             const CrashReport& report) const {
  std::string reason = link.name + " ended before it was ready: " + status.describe();
  if (status.kind == ExitStatus::Kind::signaled) reason += ": " + report.describe();
  if (is_late(link)) {
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(start_timeout());
    reason = link.name + " was stopped: it was not ready within " + std::to_string(limit.count()) +
             " ms (start_timeout)";
  }
  const char* const stage = link.greeted ? "initializer" : "greeting";
  return std::make_exception_ptr(StartError(method_->name(), stage, reason, status));
}

void Supervisor::check_greeting(const protocol::GreetingHeader& greeting) const {
  if (greeting.version == protocol::version && greeting.build == wire::program_build_id()) return;
  throw StartError(method_->name(), "greeting",
                   "the worker runs another build of this program (" +
                       wire::to_string(greeting.build) +
                       "): the file was replaced while it ran; restart the program");
}

}  // namespace brood::pool
