#include "pool/dispatcher/supervisor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.hpp"
#include "platform/identity.hpp"
#include "platform/oom_kills.hpp"
#include "platform/process.hpp"
#include "wire/code_ref.hpp"

namespace brood::pool {

namespace {

constexpr std::uint64_t default_message_limit = std::uint64_t{1} << 30;  // bytes

// What callers and workers have together.
int processors_for(const PoolOptions& options) {
  const int usable = platform::usable_cpus();
  return options.cpus.empty() ? usable : std::min(usable, static_cast<int>(options.cpus.size()));
}

}  // namespace

Supervisor::Supervisor(const PoolOptions& options)
    : options_(options),
      method_(start::open_method(options.start_method, start_timeout())),
      owner_(platform::open_pidfd(::getpid())),
      message_limit_(options.max_message_size.value_or(default_message_limit)),
      processors_(processors_for(options)) {
  owner_.set_foreign();  // workers have it, too
}

protocol::WorkerSetup Supervisor::setup_for(WorkerId id, base::Identity worker) const {
  protocol::WorkerSetup setup;
  setup.slot = static_cast<std::int32_t>(id);
  setup.preparation = {wire::program_build_id(), std::move(worker), get_start_method(),
                       base::log_level()};
  const auto initializer = detail::CallAccess::encoded(options_.initializer);
  setup.initializer.assign(initializer.begin(), initializer.end());
  const auto state = detail::CallAccess::encoded(options_.state);
  setup.state.assign(state.begin(), state.end());
  setup.limits = options_.limits;
  setup.message_limit = message_limit_;
  setup.nice = options_.nice;
  setup.cpus = options_.cpus;
  setup.processors = processors_;
  setup.sandbox = detail::SandboxAccess::terms(options_.sandbox);
  return setup;
}

Supervisor::Birth Supervisor::ask(WorkerId id) {
  base::Identity identity =
      platform::next_child(start::name_prefix(method_->name()) + "PoolWorker-");
  identity.daemon = true;
  Birth birth;
  birth.worker = std::make_unique<WorkerProcess>(id, identity.name, message_limit_,
                                                 std::chrono::steady_clock::now());
  WorkerProcess& worker = *birth.worker;
  no_other_thread_knows();  // of this worker
  worker.spin = platform::SpinBudget(processors_);
  worker.sandboxed = detail::SandboxAccess::terms(options_.sandbox).on;
  birth.wake_ups = platform::make_socket_pipe();
  birth.wake_ups.read.set_foreign();  // the worker may leave descriptors in it
  worker.make_page();
  platform::SocketPair descriptor_channel = platform::make_socket_pair();
  worker.descriptor_channel = transfer::DescriptorChannel(std::move(descriptor_channel.ours));
  birth.descriptor_channel = std::move(descriptor_channel.theirs);
  for (const Call* const call : {&options_.initializer, &options_.state})
    worker.send_descriptors(protocol::setup_attachment_group, protocol::setup_attachment_group,
                            detail::CallAccess::attached(*call));
  if (worker.sandboxed) worker.make_output();  // nothing reaches it there later
  protocol::encode_setup(worker.outbox.tail(), setup_for(id, std::move(identity)));
  worker.oom_kills = platform::oom_kills();
  birth.asked =
      method_->ask(worker.name, {{birth.wake_ups.write.get(), worker.mapping.descriptor().get(),
                                  owner_.get(), birth.descriptor_channel.get()}});
  return birth;
}

std::unique_ptr<WorkerProcess> Supervisor::answer(Birth& birth) {
  std::optional<start::StartedProcess> process = std::exchange(birth.asked.process, std::nullopt);
  if (!process) process = method_->answer(birth.asked.ticket);
  return process ? complete(birth, std::move(*process)) : nullptr;
}

std::unique_ptr<WorkerProcess> Supervisor::start(WorkerId id) {
  Birth birth = ask(id);
  if (!birth.asked.process)
    birth.asked.process = method_->await(birth.asked.ticket, start_timeout());
  return answer(birth);
}

std::unique_ptr<WorkerProcess> Supervisor::complete(Birth& birth, start::StartedProcess process) {
  WorkerProcess& worker = *birth.worker;
  worker.mapping.drop_descriptor();
  worker.pid = process.pid;
  worker.pidfd = std::move(process.pidfd);
  worker.wake_ups = std::move(birth.wake_ups.read);
  worker.write();
  return std::move(birth.worker);
}

std::exception_ptr Supervisor::why_not_born(const Birth&) const {
  return std::make_exception_ptr(method_->late(start_timeout()));
}

std::optional<Death> Supervisor::ended(const WorkerProcess& worker) {
  const std::optional<platform::Ended> ended = method_->ended(worker.pid);
  if (!ended) return std::nullopt;
  Death death{*ended};
  if (!was_killed(death)) return death;
  const std::optional<std::uint64_t> kills = platform::oom_kills();
  if (kills && worker.oom_kills) death.out_of_memory = *kills > *worker.oom_kills;
  return death;
}

void Supervisor::discard(const WorkerProcess& worker) noexcept try {
  constexpr int patience_ms = 1000;
  method_->signal(worker.pid, worker.pidfd, SIGKILL);
  if (platform::wait_for_exit(worker.pidfd, patience_ms)) method_->collect(worker.pid);
} catch (const std::exception&) {
  // Its status is lost, for want of memory or descriptors.
}

std::chrono::nanoseconds Supervisor::start_timeout() const {
  return options_.start_timeout.value_or(default_start_timeout);
}

}  // namespace brood::pool
