// Runs in a fresh program, or in a copy of the fork server: reads what the process is for.
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/launcher.hpp>
#include "base/log.hpp"
#include "base/printable.hpp"
#include "platform/identity.hpp"
#include "platform/pipe.hpp"
#include "platform/system_calls.hpp"
#include "platform/watch.hpp"
#include "process/child.hpp"
#include "process/setup.hpp"
#include "transfer/descriptor_channel.hpp"
#include "transfer/shared_descriptor.hpp"
#include "wire/exception.hpp"

namespace brood::process {
namespace {

/// The setup pipe and the descriptor channel. The owner fills the descriptor channel first, and may
/// wait for room there: so it is emptied while the pipe is waited for.
class CallInput {
 public:
  explicit CallInput(const platform::GivenDescriptors& given)
      : pipe_(given.input), descriptor_channel_(platform::Descriptor(given.descriptor_channel)) {
    detail::set_descriptor_source([this](detail::SharedDescriptor::Token token) {
      descriptor_channel_.receive();
      return descriptor_channel_.find(token);
    });
  }
  ~CallInput() { detail::set_descriptor_source({}); }
  CallInput(const CallInput&) = delete;
  CallInput& operator=(const CallInput&) = delete;

  std::vector<std::byte> read(std::size_t count) {
    std::vector<std::byte> bytes(count);
    for (std::size_t done = 0; done < count;) {
      await();
      const platform::Transfer more =
          platform::read_some(pipe_.get(), bytes.data() + done, count - done);
      if (more.state != platform::Transfer::State::moved) ::_exit(platform::exit_orphaned);
      done += more.count;
    }
    return bytes;
  }

 private:
  void await() {
    for (;;) {
      pollfd watched[] = {{pipe_.get(), POLLIN, 0}, {descriptor_channel_.number(), POLLIN, 0}};
      if (platform::system_calls().poll(watched, 2, -1) < 0) continue;
      if ((watched[1].revents & POLLIN) != 0) descriptor_channel_.receive();
      if (watched[0].revents != 0) return;
    }
  }

  platform::Descriptor pipe_;
  transfer::DescriptorChannel descriptor_channel_;
};

[[noreturn]] void refuse(const std::string& text) {
  std::fputs((base::printable(text) + '\n').c_str(), stderr);
  ::_exit(EXIT_FAILURE);
}

ProcessSetup read_setup(CallInput& input) {
  std::uint64_t length = 0;
  const std::vector<std::byte> prefix = input.read(sizeof length);
  Reader(prefix).read(&length, sizeof length);
  const std::vector<std::byte> bytes = input.read(length);
  wire::BuildId build{};
  Reader(bytes).read(&build, sizeof build);
  if (build != wire::program_build_id())
    refuse("brood: a process of another build of this program (" + wire::to_string(build) +
           ") has started this one");
  return decode_setup(bytes);
}

std::unique_ptr<detail::ProcessTarget> decode_target(std::span<const std::byte> call) {
  Reader reader(call);
  const auto make = detail::take_code_as<detail::TargetEntry>(reader);
  return make(reader);
}

std::unique_ptr<detail::ProcessTarget> receive_target(const platform::GivenDescriptors& given) {
  CallInput input(given);
  const ProcessSetup setup = read_setup(input);
  platform::set_identity(setup.preparation.identity, given.owner);
  set_start_method(setup.preparation.start_method);
  base::set_log_level(setup.preparation.log_level);
  return decode_target(input.read(setup.call_size));
}

}  // namespace

void run_process(const platform::GivenDescriptors& given) {
  platform::watch_owner(given.owner);
  std::unique_ptr<detail::ProcessTarget> target;
  try {
    target = receive_target(given);
  } catch (...) {
    refuse("Process " + platform::process_name() + ": " +
           wire::describe_exception(std::current_exception()));
  }
  run_to_the_end(given.report, std::move(target));
}

}  // namespace brood::process
