#include "worker/worker.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include "base/exit_hooks.hpp"
#include "base/log.hpp"
#include "base/memory_limit.hpp"
#include "base/streams.hpp"
#include "platform/copies.hpp"
#include "platform/identity.hpp"
#include "platform/mapping.hpp"
#include "platform/memory_barrier.hpp"
#include "platform/pipe.hpp"
#include "platform/scheduling.hpp"
#include "platform/watch.hpp"
#include "protocol/messages.hpp"
#include "transfer/descriptor_channel.hpp"
#include "transfer/shared_descriptor.hpp"
#include "wire/exception.hpp"
#include "worker/last_words.hpp"
#include "worker/log_sink.hpp"
#include "worker/own_process.hpp"
#include "worker/sandbox.hpp"
#include "worker/session.hpp"
#include "worker/this_worker.hpp"

namespace brood::worker {

using protocol::Type;

namespace {

// The hard limit lies `slack` higher, so that the soft one is told by its own signal.
void set_limit(__rlimit_resource resource, const std::optional<std::uint64_t>& limit,
               rlim_t slack = 0) {
  if (!limit) return;
  rlimit both{};
  if (::getrlimit(resource, &both) == 0) {
    both.rlim_max = std::min<rlim_t>(*limit + slack, both.rlim_max);
    both.rlim_cur = std::min<rlim_t>(*limit, both.rlim_max);
    if (::setrlimit(resource, &both) == 0) return;
  }
  throw SystemError("setrlimit", "the limits of a worker", errno);
}

std::optional<std::uint64_t> whole_seconds(const std::optional<std::chrono::nanoseconds>& time) {
  if (!time) return std::nullopt;
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(*time).count());
}

void log_hook_failure() {
  base::log_warning("an exit hook threw " + wire::describe_exception(std::current_exception()));
}

// Nothing where a launcher has not passed it on.
platform::SharedMapping map_page(int descriptor) try {
  auto mapping =
      platform::SharedMapping::open(platform::Descriptor(descriptor), protocol::page_size,
                                    {protocol::WorkerPage::buffer_size, protocol::rings_in_page});
  mapping.drop_descriptor();
  mapping.keep_from_forks();  // workers of a pool in this one, and processes of its tasks
  return mapping;
} catch (const SystemError&) {
  return {};
}

/// The process around a session: what comes before its first element and after its last.
class Worker {
 public:
  Worker(const platform::GivenDescriptors& given, const StartHooks& hooks,
         platform::SharedMapping page)
      : given_(given),
        hooks_(hooks),
        mapping_(std::move(page)),
        process_(given.report,
                 transfer::DescriptorChannel(platform::Descriptor(given.descriptor_channel)),
                 this->page()),
        session_(process_, this->page()) {
    // What its owner has sent, where another object has come under the same token.
    detail::set_descriptor_source(
        [this](detail::SharedDescriptor::Token token) { return process_.find(token); });
    process_.on_stop_request(this->page().stop_requests, [this] { session_.stops().look(); });
    platform::keep_from_copies({given.report, given.descriptor_channel}, mapping_.data(),
                               mapping_.size());
  }

  /// The owner is gone. Whether an element is to have some time to stop; none begins any more.
  bool ask_to_stop() {
    if (!session_.stops().request()) return false;
    page().revocation.store(0);
    return true;
  }

  [[noreturn]] void run() {
    leave_last_words_in(page().last_words);
    initialize(session_.greet());
    session_.serve();
    leave();
  }

 private:
  protocol::WorkerPage& page() const {
    return *static_cast<protocol::WorkerPage*>(mapping_.data());
  }

  void initialize(const protocol::WorkerSetup& setup) {
    const wire::Preparation& preparation = setup.preparation;
    platform::set_identity(preparation.identity, given_.owner);
    become_worker(preparation.identity.name, setup.slot);
    base::open_exit_hooks(base::HooksRun::when_asked, &log_hook_failure);
    send_logs_to(session_.results(), preparation.log_level);
    if (hooks_.set_start_method != nullptr && !preparation.start_method.empty())
      hooks_.set_start_method(preparation.start_method);
    if (setup.sandbox.on) close_ways_out();
    try {
      apply_limits(setup);
      run_call(setup.initializer);
      run_call(setup.state);
    } catch (...) {
      platform::end_if_copy();
      detail::Bytes encoded;
      wire::encode_exception(encoded, std::current_exception());
      fail_to_start(Type::start_failed, encoded.view(), exit_initializer);
    }
    process_.drop_descriptors(protocol::setup_attachment_group);
    if (setup.limits.resident) process_.open_resident();
    if (setup.sandbox.on) process_.open_output_for_sandbox();
    if (setup.sandbox.on) seclude(setup.sandbox);
    process_.look_before_sleeping(setup.processors);
    session_.ready();
  }
  static void run_call(std::span<const std::byte> encoded) {
    if (encoded.empty()) return;
    Reader call(encoded);
    detail::take_code_as<detail::CallEntry>(call)(call);
    platform::end_if_copy();
  }
  // To processes outside that do what they are told: the fork server, managers' servers.
  void close_ways_out() const {
    if (hooks_.start_no_more != nullptr) hooks_.start_no_more();
    detail::abandon_descriptors();
  }
  void seclude(const detail::SandboxTerms& terms) try {
    enter_sandbox(terms, given_.owner, given_.report);
  } catch (const std::exception& failure) {
    const std::string_view reason = failure.what();
    fail_to_start(Type::sandbox_failed, std::as_bytes(std::span(reason)), exit_sandbox);
  }
  [[noreturn]] void fail_to_start(Type type, std::span<const std::byte> why, int code) {
    session_.fail_to_start(type, why);
    base::flush_at_exit();
    ::_exit(code);
  }
  static void apply_limits(const protocol::WorkerSetup& setup) {
    const Limits& limits = setup.limits;
    set_limit(RLIMIT_AS, limits.address_space);
    base::address_space_limit = limits.address_space.value_or(0);
    set_limit(RLIMIT_CPU, whole_seconds(limits.cpu_time), 5);
    set_limit(RLIMIT_NOFILE, limits.open_files);
    set_limit(RLIMIT_CORE, limits.core_size);
    if (!setup.cpus.empty()) platform::set_affinity(setup.cpus);
    if (setup.nice) platform::set_niceness(*setup.nice);
  }

  [[noreturn]] void leave() {
    process_.tell_of_copies();
    base::run_exit_hooks();
    drop_state();
    platform::end_if_copy();
    session_.results().flush();
    base::flush_at_exit();
    ::_exit(0);
  }

  const platform::GivenDescriptors given_;
  const StartHooks hooks_;
  platform::SharedMapping mapping_;
  OwnProcess process_;
  Session session_;
};

Worker* this_process = nullptr;

}  // namespace

void run_worker(const platform::GivenDescriptors& given, const StartHooks& hooks) {
  // Ctrl-C goes to the whole foreground process group; what it means is for the owner to decide,
  // whose end is ours. An initializer may restore the default.
  std::signal(SIGINT, SIG_IGN);
  const bool has_barriers = platform::join_process_barriers();  // before there is another thread
  platform::before_orphan_ends(nullptr);  // of a process that this one is a copy of
  platform::watch_owner(given.owner, given.report);
  // Not a static: a worker of a nested fork pool is a copy of this process. Never destroyed:
  // threads of the user's may log to the last.
  platform::SharedMapping page = map_page(given.input);
  if (page.data() == nullptr) ::_exit(protocol::exit_no_page);
  if (!has_barriers) static_cast<protocol::WorkerPage*>(page.data())->barrier_by_owner.store(0);
  this_process = new Worker(given, hooks, std::move(page));
  platform::before_orphan_ends([] { return this_process->ask_to_stop(); });
  this_process->run();
}

}  // namespace brood::worker
