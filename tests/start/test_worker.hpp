#pragma once

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "platform/mapping.hpp"
#include "platform/pipe.hpp"
#include "platform/process.hpp"
#include "protocol/messages.hpp"
#include "protocol/page.hpp"
#include "start/method.hpp"
#include "wire/code_ref.hpp"

// A worker as a pool has it, without the pool.
namespace brood::start {

inline constexpr int patience_ms = 20'000;  // for what must happen; never waited for in full

/// The plainest launcher that a user can write.
struct PlainLauncher : Launcher {
  std::string name() const override { return "plain"; }
  int launch(WorkerCommand command) override { return brood::spawn(command); }
};

inline StartMethod method_called(const std::string& name) {
  if (name == "plain") return std::make_shared<PlainLauncher>();
  return name;
}

/// A worker with the owner's ends of its pipes.
struct TestWorker {
  platform::Descriptor tasks, results;
  StartedProcess process;

  /// Sends the set-up; false when the worker does not greet.
  bool greet() const {
    protocol::Setup setup;
    setup.preparation.build = wire::program_build_id();
    setup.preparation.identity.name = "TestWorker";
    detail::Bytes bytes;
    protocol::encode_setup(bytes, setup);
    if (!platform::write_all(tasks.get(), bytes.view())) return false;
    std::byte first;
    pollfd readable{results.get(), POLLIN, 0};
    if (::poll(&readable, 1, patience_ms) != 1) return false;
    return platform::read_some(results.get(), &first, 1).state == platform::Transfer::State::moved;
  }
  /// No more tasks: the worker ends.
  void dismiss() { tasks.reset(); }
  bool ended(int timeout_ms = patience_ms) const {
    return platform::wait_for_exit(process.pidfd, timeout_ms);
  }
  void kill() const { platform::send_signal(process.pidfd, SIGKILL); }
};

/// A page whose owner waits for a wake-up.
inline platform::SharedMapping make_page() {
  using protocol::WorkerPage;
  auto memory =
      platform::SharedMapping::create("page", sizeof(WorkerPage), WorkerPage::buffer_size);
  static_cast<WorkerPage*>(memory.data())->owner_waits = 1;
  return memory;
}

/// What a worker is handed, with the owner's ends.
struct Handed {
  platform::Pipe tasks = platform::make_pipe(), results = platform::make_pipe();
  platform::SharedMapping page = make_page();
  platform::Descriptor owner = platform::open_pidfd(::getpid());
  WorkerDescriptors numbers() const {
    return {
        {tasks.read.get(), results.write.get(), page.descriptor().get(), owner.get(), owner.get()}};
  }
};

inline TestWorker start_worker(Method& method, const std::string& name = "Worker-1") {
  Handed handed;
  StartedProcess process = method.start(name, handed.numbers());
  return {std::move(handed.tasks.write), std::move(handed.results.read), std::move(process)};
}

/// Dismisses a worker, waits for its end and returns how that was.
inline ExitStatus finish(Method& method, TestWorker& worker) {
  worker.dismiss();
  if (!worker.ended()) worker.kill();
  return method.collect(worker.process.pid).status;
}

/// 0, or the number of the step that failed.
inline int start_and_finish(const std::string& method_name) {
  const auto method = open_method(method_called(method_name));
  TestWorker worker = start_worker(*method);
  if (!worker.greet()) return 1;
  const ExitStatus status = finish(*method, worker);
  return status.kind == ExitStatus::Kind::exited && status.value == 0 ? 0 : 2;
}

}  // namespace brood::start
