#include "worker/worker.hpp"

#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <unordered_map>

#include "base/log.hpp"
#include "platform/identity.hpp"
#include "platform/mapping.hpp"
#include "platform/pipe.hpp"
#include "platform/process.hpp"
#include "protocol/messages.hpp"
#include "wire/exception.hpp"
#include "worker/exit_hooks.hpp"
#include "worker/log_sink.hpp"
#include "worker/result_stream.hpp"
#include "worker/run_access.hpp"
#include "worker/watch.hpp"

namespace brood::worker {

using protocol::Type;

namespace {

/// The function of a job, kept from its `define` to its `forget`.
struct Definition {
  detail::Runner runner = nullptr;
  detail::Bytes state;
  std::shared_ptr<void> function;  // decoded at first use
};

Definition decode_definition(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  Definition definition;
  definition.runner = reinterpret_cast<detail::Runner>(const_cast<void*>(detail::take_code(reader)));
  const auto state = reader.take(reader.left());
  definition.state.append(state.data(), state.size());
  return definition;
}

// Runs for a definition that cannot be decoded: each element fails with the reason.
void run_undefined(detail::Run& run) {
  while (run.next()) {
    try {
      static_cast<void>(run.argument());
      run.function<Definition>();
    } catch (...) {
      run.fail();
    }
  }
}

class Worker {
 public:
  explicit Worker(const Channel& channel)
      : tasks_(channel.tasks), mapping_(map_page(channel.page)), results_(channel.results, page()) {}

  [[noreturn]] void run() {
    greet();
    initialize();
    serve();
    leave();
  }

 private:
  static platform::SharedMapping map_page(int descriptor) {
    if (descriptor < 0) return {};
    auto mapping = platform::SharedMapping::open(platform::Descriptor(descriptor), sizeof(protocol::WorkerPage));
    mapping.drop_descriptor();
    return mapping;
  }
  protocol::WorkerPage* page() const { return static_cast<protocol::WorkerPage*>(mapping_.data()); }

  bool read_more() {
    const auto room = stream_.room();
    const platform::Transfer transfer = platform::read_some(tasks_, room.data(), room.size());
    if (transfer.state != platform::Transfer::State::moved) return false;
    stream_.filled(transfer.count);
    return true;
  }
  wire::Frame first_frame() {
    for (;;) {
      if (const auto frame = stream_.next()) return *frame;
      if (!read_more()) ::_exit(exit_orphaned);
    }
  }
  void greet() {
    const wire::Frame frame = first_frame();
    const protocol::GreetingHeader greeting{protocol::version, mapping_.data() != nullptr, wire::program_build_id(),
                                            wire::default_frame_limit};
    results_.send(Type::greeting, std::as_bytes(std::span(&greeting, 1)));
    setup_ = protocol::decode_setup(frame.payload);
    if (setup_.protocol_version == protocol::version && setup_.build == wire::program_build_id()) return;
    results_.flush();
    ::_exit(exit_mismatch);
  }
  void initialize() {
    platform::set_process_name(setup_.name);
    open_exit_hooks();
    send_logs_to(results_, setup_.log_level);
    try {
      apply_limits();
      if (!setup_.initializer.empty()) {
        Reader call(setup_.initializer);
        reinterpret_cast<detail::CallEntry>(const_cast<void*>(detail::take_code(call)))(call);
      }
    } catch (...) {
      detail::Bytes encoded;
      wire::encode_exception(encoded, std::current_exception());
      results_.send(Type::start_failed, encoded.view());
      results_.flush();
      std::fflush(nullptr);
      ::_exit(exit_initializer);
    }
    results_.send(Type::ready, {});
    results_.flush();
  }
  void apply_limits() const;

  void serve() {
    for (;;) {
      while (const auto frame = stream_.next()) handle(*frame);
      results_.flush();
      stream_.shrink();
      if (!read_more()) return;
    }
  }
  void handle(const wire::Frame& frame) {
    std::span<const std::byte> payload = frame.payload;
    switch (static_cast<Type>(frame.type)) {
      case Type::define: return define(payload);
      case Type::run: return run(payload);
      case Type::forget: definitions_.erase(protocol::take_header<protocol::ForgetHeader>(payload).job); return;
      default: ::_exit(exit_broken_channel);
    }
  }
  void define(std::span<const std::byte> payload) {
    const auto header = protocol::take_header<protocol::DefineHeader>(payload);
    detail::Bytes copy(payload);
    encoded_.insert_or_assign(header.job, std::move(copy));
  }
  void run(std::span<const std::byte> payload) {
    const auto header = protocol::take_header<protocol::RunHeader>(payload);
    if (results_.dropped(header.sequence)) return;
    Definition inline_definition;
    detail::Run run;
    try {
      Definition& definition = definition_of(header, payload, inline_definition);
      results_.begin(run, header, payload.subspan(header.define));
      detail::RunAccess::function(run, definition.state.view(), definition.function);
      definition.runner(run);
    } catch (const CodecError&) {
      fail_all(run, header, payload);
    }
    results_.end(run, header);
    results_.flush_if_due();
  }
  Definition& definition_of(const protocol::RunHeader& header, std::span<const std::byte> payload, Definition& inline_definition);
  void fail_all(detail::Run& run, const protocol::RunHeader& header, std::span<const std::byte> payload);

  [[noreturn]] void leave() {
    run_exit_hooks();
    results_.flush();
    std::fflush(nullptr);
    ::_exit(0);
  }

  int tasks_;
  platform::SharedMapping mapping_;
  ResultStream results_;
  wire::FrameParser stream_{64 * 1024};
  protocol::Setup setup_;
  std::unordered_map<std::uint64_t, detail::Bytes> encoded_;
  std::unordered_map<std::uint64_t, Definition> definitions_;
};

}  // namespace

}  // namespace brood::worker
