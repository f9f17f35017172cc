#include "pool/dispatcher/supervised_processes.hpp"

#include <chrono>
#include <csignal>
#include <utility>

#include "platform/foreign_close.hpp"
#include "platform/memory_barrier.hpp"
#include "platform/process.hpp"
#include "platform/rights.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;

SignalResult SupervisedProcesses::signal(WorkerLink& link, StopSignal signal) noexcept {
  const int number = signal == StopSignal::kill ? SIGKILL : SIGTERM;
  return supervisor_.signal(process_of(link), number);
}

bool SupervisedProcesses::order_workers_memory() noexcept {
  if (platform::process_barrier()) return true;
  log_error(
      "membarrier(2) is refused since the pool was made: a worker from which waiting elements are "
      "taken is ended");
  return false;
}

// Results that the program keeps keep their descriptors: they leave it a quarter of its table.
bool SupervisedProcesses::table_is_full() noexcept {
  return detail::shared_descriptors() + platform::kept_open() >
         platform::descriptor_limit() / 4 * 3;
}

std::size_t SupervisedProcesses::descriptor_limit() noexcept {
  return platform::descriptor_limit();
}

void SupervisedProcesses::release(WorkerLink& link) noexcept {
  sockets_.close(link.id);
  if (const auto& output = process_of(link).output) outputs_.end(output);
}

bool SupervisedProcesses::expect_output(WorkerLink& link, std::uint64_t sequence,
                                        const detail::CallTerms& terms) noexcept try {
  WorkerProcess& worker = process_of(link);
  if (!worker.output) worker.make_output();
  const std::size_t limit = terms.output == Output::capture ? terms.output_limit : 0;
  outputs_.expect(worker.output, sequence, limit);
  return true;
} catch (const std::exception& failure) {
  log_error("what tasks write in " + link.name +
            " goes to its own stdout and stderr: " + failure.what());
  return false;
}

detail::ElementOutput SupervisedProcesses::take_output(const WorkerLink& link,
                                                       std::uint64_t sequence) noexcept {
  const auto& output = static_cast<const WorkerProcess&>(link).output;
  return output ? outputs_.take(*output, sequence) : nullptr;
}

detail::ElementOutput SupervisedProcesses::last_output(const WorkerLink& link,
                                                       std::uint64_t sequence) noexcept {
  const auto& output = static_cast<const WorkerProcess&>(link).output;
  return output ? outputs_.last(*output, sequence) : nullptr;
}

// One that cannot be watched has not been started.
void SupervisedProcesses::on_started(std::unique_ptr<WorkerProcess> worker) {
  const WorkerId id = worker->id;
  try {
    sockets_.open(*worker);
    state_.driver().started(std::move(worker), Clock::now());
  } catch (...) {
    sockets_.close(id);
    if (worker) supervisor_.discard(*worker);
    starts_.fail(id, std::current_exception());
  }
}

void SupervisedProcesses::on_start_failed(WorkerId id, std::exception_ptr why, StartFailure kind) {
  state_.driver().start_failed(id, std::move(why), kind, Clock::now());
}

void SupervisedProcesses::end_all_workers() noexcept {
  for (const auto& link : state_.workers().all()) {
    if (link) platform::send_signal(process_of(*link).pidfd, SIGKILL);
  }
  for (const auto& link : state_.workers().all()) {
    if (link) supervisor_.discard(process_of(*link));
  }
  try {
    starts_.drop_all();
  } catch (...) {  // the server ends them with the connection
  }
}

}  // namespace brood::pool
