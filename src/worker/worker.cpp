#include "worker/worker.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/exit_hooks.hpp"
#include "base/log.hpp"
#include "base/memory_limit.hpp"
#include "base/streams.hpp"
#include "platform/copies.hpp"
#include "platform/escort.hpp"
#include "platform/identity.hpp"
#include "platform/mapping.hpp"
#include "platform/pipe.hpp"
#include "platform/process.hpp"
#include "platform/scheduling.hpp"
#include "platform/shared_descriptor.hpp"
#include "platform/usage.hpp"
#include "platform/watch.hpp"
#include "protocol/messages.hpp"
#include "wire/exception.hpp"
#include "worker/definition.hpp"
#include "worker/last_words.hpp"
#include "worker/log_sink.hpp"
#include "worker/result_pipe.hpp"
#include "worker/result_stream.hpp"
#include "worker/run_access.hpp"
#include "worker/sandbox.hpp"
#include "worker/task_in_progress.hpp"
#include "worker/task_pipe.hpp"

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

using RetryIf = bool (*)(std::exception_ptr);
RetryIf take_predicate(std::span<const std::byte> encoded) {
  Reader reader(encoded);
  return detail::take_code_as<RetryIf>(reader);
}

void log_hook_failure() {
  base::log_warning("an exit hook threw " + wire::describe_exception(std::current_exception()));
}

enum class HasPage : bool { no, yes };
protocol::GreetingHeader greeting_of(HasPage has_page) {
  return {protocol::version, has_page == HasPage::yes, wire::program_build_id()};
}

// Nothing where a launcher has not passed it on.
platform::SharedMapping map_page(int descriptor) try {
  auto mapping =
      platform::SharedMapping::open(platform::Descriptor(descriptor), sizeof(protocol::WorkerPage));
  mapping.drop_descriptor();
  mapping.keep_from_forks();  // workers of a pool in this one, and processes of its tasks
  return mapping;
} catch (const SystemError&) {
  return {};
}

[[noreturn]] void greet_without_page(int results) {
  detail::Bytes greeting;
  protocol::append_message(greeting, Type::greeting, greeting_of(HasPage::no));
  platform::write_all(results, greeting.view());
  ::_exit(exit_mismatch);
}

constexpr std::size_t large_frame = std::size_t{1} << 20;  // bytes

class Worker {
 public:
  Worker(const Channel& channel, platform::SharedMapping page)
      : tasks_(channel.tasks),
        owner_(channel.owner),
        set_start_method_(channel.set_start_method),
        start_no_more_(channel.start_no_more),
        mapping_(std::move(page)),
        escort_(platform::Descriptor(channel.escort)),
        pipe_(channel.results, escort_),
        results_(pipe_, this->page()) {
    // What its owner has sent, where another object has come under the same token. Threads of tasks
    // may not look there.
    detail::set_descriptor_source(
        [this, serving = std::this_thread::get_id()](detail::SharedDescriptor::Token token) {
          return std::this_thread::get_id() == serving ? escort_.find(token) : nullptr;
        });
    platform::keep_from_copies({channel.tasks, channel.results, channel.escort}, mapping_.data(),
                               mapping_.size());
  }

  [[noreturn]] void run() {
    leave_last_words_in(page().last_words);
    greet();
    initialize();
    serve();
    leave();
  }

 private:
  protocol::WorkerPage& page() const {
    return *static_cast<protocol::WorkerPage*>(mapping_.data());
  }

  bool read_more() {
    std::span<std::byte> room;
    try {
      room = stream_.room();
    } catch (const std::bad_alloc&) {
      if (run_arriving(Whose::of_several)) return true;
      throw;
    }
    const platform::Transfer transfer = platform::read_some(tasks_, room.data(), room.size());
    if (transfer.state != platform::Transfer::State::moved) {
      end_if_closed(transfer.error);
      return false;
    }
    stream_.filled(transfer.count);
    return true;
  }
  wire::Frame first_frame() {
    for (;;) {
      const auto frame = stream_.next();
      if (!frame && !read_more()) ::_exit(exit_orphaned);
      if (!frame) continue;
      if (static_cast<Type>(frame->type) != Type::fetch) return *frame;
      escort_.receive();
    }
  }
  void greet() {
    const wire::Frame frame = first_frame();
    const protocol::GreetingHeader greeting = greeting_of(HasPage::yes);
    results_.send(Type::greeting, std::as_bytes(std::span(&greeting, 1)));
    setup_ = protocol::decode_setup(frame.payload);
    if (setup_.protocol_version == protocol::version && setup_.build == wire::program_build_id())
      return;
    results_.flush();
    ::_exit(exit_mismatch);
  }
  void initialize() {
    platform::set_identity(
        {setup_.name, setup_.numbers, true, setup_.owner_name, setup_.owner_pid, owner_});
    results_.set_message_limit(setup_.message_limit);
    base::open_exit_hooks(base::HooksRun::when_asked, &log_hook_failure);
    send_logs_to(results_, setup_.log_level);
    if (set_start_method_ != nullptr && !setup_.start_method.empty())
      set_start_method_(setup_.start_method);
    if (setup_.sandbox.on) close_ways_out();
    try {
      apply_limits();
      if (!setup_.initializer.empty()) {
        Reader call(setup_.initializer);
        detail::take_code_as<detail::CallEntry>(call)(call);
        platform::end_if_copy();
      }
    } catch (...) {
      platform::end_if_copy();
      detail::Bytes encoded;
      wire::encode_exception(encoded, std::current_exception());
      fail_to_start(Type::start_failed, encoded.view(), exit_initializer);
    }
    escort_.drop(protocol::setup_group);
    if (setup_.resident) resident_.emplace();
    if (setup_.sandbox.on) seclude();
    results_.send(Type::ready, {});
    results_.flush();
  }
  // To processes outside that do what they are told: the fork server, managers' servers.
  void close_ways_out() const {
    if (start_no_more_ != nullptr) start_no_more_();
    detail::abandon_descriptors();
  }
  void seclude() try {
    enter_sandbox(setup_.sandbox, owner_);
  } catch (const std::exception& failure) {
    const std::string_view reason = failure.what();
    fail_to_start(Type::sandbox_failed, std::as_bytes(std::span(reason)), exit_sandbox);
  }
  [[noreturn]] void fail_to_start(Type type, std::span<const std::byte> why, int code) {
    results_.send(type, why);
    results_.flush();
    base::flush_at_exit();
    ::_exit(code);
  }
  void apply_limits() const {
    set_limit(RLIMIT_AS, setup_.address_space);
    base::address_space_limit = setup_.address_space.value_or(0);
    set_limit(RLIMIT_CPU, setup_.cpu_seconds, 5);
    set_limit(RLIMIT_NOFILE, setup_.open_files);
    set_limit(RLIMIT_CORE, setup_.core_size);
    if (!setup_.cpus.empty()) platform::set_affinity(setup_.cpus);
    if (setup_.nice) platform::set_niceness(*setup_.nice);
  }

  void serve() {
    for (;;) {
      while (const auto frame = stream_.next()) handle(*frame);
      if (run_arriving(Whose::of_one)) continue;
      check_resident(std::chrono::milliseconds(0));
      results_.flush();
      stream_.shrink();
      if (!read_more()) return;
    }
  }
  void handle(const wire::Frame& frame) {
    results_.acknowledge_revocation();
    std::span<const std::byte> payload = frame.payload;
    switch (static_cast<Type>(frame.type)) {
      case Type::define:
        return define(payload);
      case Type::run: {
        const auto header = protocol::take_header<protocol::RunHeader>(payload);
        return run(header, payload, nullptr);
      }
      case Type::nudge:
        return;  // every frame makes the worker look
      case Type::fetch:
        return escort_.receive();
      case Type::forget:
        return forget(protocol::take_header<protocol::ForgetHeader>(payload).job);
      default:
        ::_exit(exit_broken_channel);
    }
  }
  // A large argument is decoded as it arrives: there is no memory for all of its bytes beside the
  // value's own. The element has begun, then. Those of several elements come as a whole, for their
  // lengths are read one by one; but where memory does not suffice for that, each has its own end.
  enum class Whose : bool { of_one, of_several };
  bool run_arriving(Whose whose) {
    const auto arriving = stream_.unfinished(whose == Whose::of_one ? large_frame : 0);
    if (!arriving || static_cast<Type>(arriving->frame.type) != Type::run) return false;
    std::span<const std::byte> payload = arriving->frame.payload;
    if (payload.size() < sizeof(protocol::RunHeader)) return false;
    const auto header = protocol::take_header<protocol::RunHeader>(payload);
    if (header.count != 1 && whose == Whose::of_one) return false;
    if (payload.size() < header.define + header.retry_if) return false;
    results_.acknowledge_revocation();
    results_.flush();  // the owner may take its time
    stream_.pass_over(*arriving);
    TaskPipe rest(tasks_, arriving->missing);
    run(header, payload, &rest);
    rest.skip();
    return true;
  }
  void define(std::span<const std::byte> payload) {
    const auto header = protocol::take_header<protocol::DefineHeader>(payload);
    definitions_.insert_or_assign(header.job, Definition(payload));
  }
  void forget(std::uint64_t job) {
    definitions_.erase(job);
    escort_.drop(job);
  }
  void run(const protocol::RunHeader& header, std::span<const std::byte> payload,
           detail::Supply* rest) {
    if (results_.dropped(header.sequence)) return;
    const auto predicate = payload.subspan(header.define, header.retry_if);
    results_.begin(run_, header, Reader(payload.subspan(header.define + header.retry_if), rest));
    const TaskInProgress mark(run_);
    if (header.define != 0) {
      if (!last_.is(payload.first(header.define))) last_ = Definition(payload.first(header.define));
      run_defined(last_, predicate);
    } else {
      run_defined(definitions_.at(header.job), predicate);
    }
    platform::end_if_copy();
    results_.end(run_, header);
    tell_of_copies();
    check_resident(std::chrono::milliseconds(10));
    results_.flush_if_due();
  }
  static void tell_of_copies() {
    if (const unsigned count = platform::copies_ended(); count != 0) {
      base::log_warning("processes that a task has forked came back from it and were ended: " +
                        std::to_string(count));
    }
  }
  // Between two chunks; `interval` after the last check. The limit is one for what stays, not for
  // peaks.
  void check_resident(std::chrono::milliseconds interval) {
    if (!resident_ || exhausted_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < last_check_ + interval) return;
    last_check_ = now;
    if (resident_->bytes() <= *setup_.resident) return;
    exhausted_ = true;
    results_.send(Type::exhausted, {});
    results_.flush();
  }
  void run_defined(Definition& definition, std::span<const std::byte> predicate) {
    detail::Runner runner = nullptr;
    try {
      runner = definition.prepare(run_);
      if (!predicate.empty()) detail::RunAccess::ask(run_, take_predicate(predicate));
    } catch (const CodecError&) {
      while (run_.next()) run_.fail();  // every element has this outcome
      return;
    }
    runner(run_);
  }

  [[noreturn]] void leave() {
    tell_of_copies();
    base::run_exit_hooks();
    platform::end_if_copy();
    results_.flush();
    base::flush_at_exit();
    ::_exit(0);
  }

  int tasks_, owner_;
  void (*set_start_method_)(std::string_view);
  void (*start_no_more_)();
  platform::SharedMapping mapping_;
  platform::Escort escort_;  // what came for a job is kept until the job is over
  ResultPipe pipe_;
  ResultStream results_;
  wire::FrameParser stream_{64 * 1024};
  protocol::Setup setup_;
  std::unordered_map<std::uint64_t, Definition> definitions_;
  detail::Run run_;
  std::optional<platform::OwnResident> resident_;
  bool exhausted_ = false;
  std::chrono::steady_clock::time_point last_check_{};
  Definition last_{{}};  // of a single: the next is likely to be of the same function
};

}  // namespace

void end_if_closed(int error) noexcept {
  if (error == EBADF) ::_exit(protocol::exit_closed_channel);
}

void run_worker(const Channel& channel) {
  // Ctrl-C goes to the whole foreground process group; what it means is for the owner to decide,
  // whose end is ours. An initializer may restore the default.
  std::signal(SIGINT, SIG_IGN);
  platform::watch_owner(channel.owner);
  // Not a static: a worker of a nested fork pool is a copy of this process. Never destroyed:
  // threads of the user's may log to the last.
  platform::SharedMapping page = map_page(channel.page);
  if (page.data() == nullptr) greet_without_page(channel.results);
  auto* const worker = new Worker(channel, std::move(page));
  worker->run();
}

}  // namespace brood::worker
