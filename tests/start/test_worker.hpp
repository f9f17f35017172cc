#pragma once

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "platform/futex.hpp"
#include "platform/mapping.hpp"
#include "platform/pipe.hpp"
#include "platform/process.hpp"
#include "protocol/messages.hpp"
#include "protocol/page.hpp"
#include "protocol/task_ring.hpp"
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

/// A worker, as its owner has it.
struct TestWorker {
  platform::Descriptor wake_ups;
  platform::SharedMapping memory;
  StartedProcess process;

  protocol::WorkerPage& page() const { return *static_cast<protocol::WorkerPage*>(memory.data()); }
  /// Sends the set-up; false when the worker does not greet.
  bool greet() const {
    protocol::WorkerSetup setup;
    setup.preparation.build = wire::program_build_id();
    setup.preparation.identity.name = "TestWorker";
    detail::Bytes bytes;
    protocol::encode_setup(bytes, setup);
    protocol::TaskRing().write(page(), bytes.view());
    wake();
    std::byte first;
    pollfd readable{wake_ups.get(), POLLIN, 0};
    if (::poll(&readable, 1, patience_ms) != 1) return false;
    return platform::read_some(wake_ups.get(), &first, 1).state == platform::Transfer::State::moved;
  }
  /// No more tasks: the worker ends.
  void dismiss() {
    protocol::TaskRing::finish(page());
    wake();
  }
  /// Its owner is gone, which could send tasks: the worker ends.
  void leave_alone() { wake_ups.reset(); }
  bool ended(int timeout_ms = patience_ms) const {
    return platform::wait_for_exit(process.pidfd, timeout_ms);
  }
  void kill() const { platform::send_signal(process.pidfd, SIGKILL); }

 private:
  void wake() const {
    if (protocol::owes_wake_up(page(), protocol::WorkerWait::for_tasks))
      platform::futex_wake(page().worker_waits, 1, platform::FutexScope::shared);
  }
};

/// A page whose owner waits for a wake-up.
inline platform::SharedMapping make_page() {
  using protocol::WorkerPage;
  auto memory = platform::SharedMapping::create("page", protocol::page_size,
                                                {WorkerPage::buffer_size, protocol::rings_in_page});
  constexpr auto by_socket = static_cast<std::uint32_t>(protocol::WakeUp::by_socket);
  static_cast<WorkerPage*>(memory.data())->owner_waits = by_socket;
  return memory;
}

/// What a worker is handed, with the owner's ends.
struct Handed {
  platform::Pipe wake_ups = platform::make_socket_pipe();
  platform::SharedMapping page = make_page();
  platform::Descriptor owner = platform::open_pidfd(::getpid());
  WorkerDescriptors numbers() const {
    return {{wake_ups.write.get(), page.descriptor().get(), owner.get(), owner.get()}};
  }
};

inline TestWorker start_worker(Method& method, const std::string& name = "Worker-1") {
  Handed handed;
  StartedProcess process = method.start(name, handed.numbers());
  return {std::move(handed.wake_ups.read), std::move(handed.page), std::move(process)};
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
