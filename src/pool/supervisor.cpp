#include "pool/supervisor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/log.hpp"
#include "platform/identity.hpp"
#include "platform/oom_kills.hpp"
#include "platform/process.hpp"
#include "wire/code_ref.hpp"

namespace brood::pool {

namespace {

// Bytes: fewer switches between processes for large values.
constexpr std::size_t pipe_capacity = 256 * 1024;

constexpr std::uint64_t default_message_limit = std::uint64_t{1} << 30;  // bytes

constexpr auto grace = std::chrono::milliseconds(500);  // between SIGTERM and SIGKILL
// So often, `grace` apart, a worker has been sent SIGKILL, or a server been asked to send it,
// before it is left to itself. The end of a process with much memory takes a while.
constexpr int kills_in_vain = 20, kills_asked_in_vain = 3;

std::optional<std::uint64_t> whole_seconds(const std::optional<std::chrono::nanoseconds>& time) {
  if (!time) return std::nullopt;
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(*time).count());
}

int kills_before_it_is_left(start::Signal state) noexcept {
  if (state == start::Signal::refused) return 1;
  return state == start::Signal::asked ? kills_asked_in_vain : kills_in_vain;
}

const char* why_it_is_left(start::Signal state) noexcept {
  return state == start::Signal::sent
             ? "has not ended by SIGKILL: it sleeps in the kernel where no signal wakes it, in a "
               "file system that does not answer, say"
             : "cannot be ended, for the system refuses this process's signals to it";
}

}  // namespace

Supervisor::Supervisor(const PoolOptions& options)
    : options_(options),
      method_(start::open_method(options.start_method, start_timeout())),
      owner_(platform::open_pidfd(::getpid())),
      message_limit_(options.max_message_size.value_or(default_message_limit)) {
  owner_.set_foreign();  // workers have it, too
}

protocol::Setup Supervisor::setup_for(const std::string& name, const std::string& numbers) const {
  protocol::Setup setup;
  setup.build = wire::program_build_id();
  setup.name = name;
  setup.numbers = numbers;
  setup.owner_name = platform::process_name();
  setup.owner_pid = ::getpid();
  const auto initializer = detail::CallAccess::encoded(options_.initializer);
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
  setup.sandbox = detail::SandboxAccess::terms(options_.sandbox);
  return setup;
}

Supervisor::Birth Supervisor::ask(WorkerId id) {
  const std::string numbers = platform::next_child_numbers();
  const std::string name = start::name_prefix(method_->name()) + "PoolWorker-" + numbers;
  Birth birth;
  birth.link = std::make_unique<WorkerLink>(id, name, message_limit_);
  WorkerLink& link = *birth.link;
  link.sandboxed = detail::SandboxAccess::terms(options_.sandbox).on;
  birth.tasks = platform::make_socket_pipe();
  birth.results = platform::make_socket_pipe();
  birth.results.read.set_foreign();  // the worker may leave descriptors in it
  birth.tasks.read.set_foreign();    // and has this one itself: it may be in an epoll set of its
  platform::enlarge(birth.tasks.write, pipe_capacity);
  platform::enlarge(birth.results.write, pipe_capacity);
  link.mapping = platform::SharedMapping::create("brood-worker", sizeof(protocol::WorkerPage));
  link.mapping.keep_from_forks();  // a worker maps its own page anew, by its descriptor
  platform::SocketPair escort = platform::make_socket_pair();
  link.escort = platform::Escort(std::move(escort.ours));
  birth.escort = std::move(escort.theirs);
  link.send_descriptors(protocol::setup_group, protocol::setup_group,
                        detail::CallAccess::carried(options_.initializer));
  protocol::encode_setup(link.outbox.tail(), setup_for(name, numbers));
  platform::set_nonblocking(birth.tasks.write);
  link.oom_kills = platform::oom_kills();
  birth.asked =
      method_->ask(name, {birth.tasks.read.get(), birth.results.write.get(),
                          link.mapping.descriptor().get(), owner_.get(), birth.escort.get()});
  return birth;
}

std::unique_ptr<WorkerLink> Supervisor::answer(Birth& birth) {
  std::optional<start::StartedProcess> process = std::exchange(birth.asked.process, std::nullopt);
  if (!process) process = method_->answer(birth.asked.ticket);
  return process ? complete(birth, std::move(*process)) : nullptr;
}

std::unique_ptr<WorkerLink> Supervisor::start(WorkerId id) {
  Birth birth = ask(id);
  if (!birth.asked.process)
    birth.asked.process = method_->await(birth.asked.ticket, start_timeout());
  return answer(birth);
}

std::unique_ptr<WorkerLink> Supervisor::complete(Birth& birth, start::StartedProcess process) {
  WorkerLink& link = *birth.link;
  link.mapping.drop_descriptor();
  link.pid = process.pid;
  link.pidfd = std::move(process.pidfd);
  link.tasks = std::move(birth.tasks.write);
  link.tasks_read_end = std::move(birth.tasks.read);  // a dead reader refuses nothing
  link.results = std::move(birth.results.read);
  link.outbox.write_to(link.tasks.get(), link.escort);
  return std::move(birth.link);
}

std::exception_ptr Supervisor::why_not_born(const Birth&) const {
  return std::make_exception_ptr(method_->late(start_timeout()));
}

std::optional<Death> Supervisor::ended(const WorkerLink& link) {
  const std::optional<platform::Ended> ended = method_->ended(link.pid);
  return ended ? std::optional(death_of(link, *ended)) : std::nullopt;
}

Death Supervisor::death_of(const WorkerLink& link, const platform::Ended& ended) const {
  Death death{ended};
  const ExitStatus& status = death.ended.status;
  if (status.kind != ExitStatus::Kind::signaled || status.value != SIGKILL) return death;
  const std::optional<std::uint64_t> kills = platform::oom_kills();
  if (kills && link.oom_kills) death.out_of_memory = *kills > *link.oom_kills;
  return death;
}

void Supervisor::discard(const WorkerLink& link) noexcept try {
  constexpr int patience_ms = 1000;
  method_->signal(link.pid, link.pidfd, SIGKILL);
  if (platform::wait_for_exit(link.pidfd, patience_ms)) method_->collect(link.pid);
} catch (const std::exception&) {
  // Its status is lost, for want of memory or descriptors.
}

// A handler of SIGTERM might take yet more memory, or write more of what makes no sense.
void Supervisor::stop(WorkerLink& link) noexcept {
  const bool at_once = link.broken || link.oversize != 0;
  const bool stopped = link.kill_at != std::chrono::steady_clock::time_point{};
  if (stopped && (link.killed || !at_once)) return;
  method_->signal(link.pid, link.pidfd, at_once ? SIGKILL : SIGTERM);
  link.killed = at_once;
  link.kill_at = std::chrono::steady_clock::now() + grace;
}

std::optional<std::string> Supervisor::kill_if_overdue(WorkerLink& link,
                                                       std::chrono::steady_clock::time_point now) {
  const bool stopped = link.kill_at != std::chrono::steady_clock::time_point{};
  if (!stopped || now < link.kill_at || link.left) return std::nullopt;
  link.kill_at = now + grace;
  link.killed = true;
  const start::Signal state = method_->signal(link.pid, link.pidfd, SIGKILL);
  if (state == start::Signal::gone || ++link.kills < kills_before_it_is_left(state))
    return std::nullopt;
  link.left = true;
  return link.name + " (pid " + std::to_string(link.pid) + ") " + why_it_is_left(state) +
         ". It is left to itself";
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
  if (greeting.version != protocol::version || greeting.build != wire::program_build_id())
    throw StartError(method_->name(), "greeting",
                     "the worker runs another build of this program (" +
                         wire::to_string(greeting.build) +
                         "): the file was replaced while it ran; restart the program");
  if (greeting.has_page == 0)
    throw StartError(method_->name(), "greeting",
                     "the worker has not got the memory that it shares with its owner: a launcher "
                     "passes on all descriptors of its command, and system calls are not refused");
}

}  // namespace brood::pool
