#pragma once

#include <optional>
#include <string>

#include "platform/mapping.hpp"
#include "pool/driver/worker_processes.hpp"
#include "protocol/page.hpp"

// What a driver's test has in place of processes.
namespace brood::pool::testing {

/// Memory of a worker's page.
inline platform::SharedMapping memory_of_page() {
  return platform::SharedMapping::create(
      "test", protocol::page_size, {protocol::WorkerPage::buffer_size, protocol::rings_in_page});
}

/// Every request to a process is granted, and nothing comes of it.
class NoProcesses : public WorkerProcesses {
 public:
  void start(WorkerId) override {}
  void abandon_start(WorkerId) override {}
  void abandon_starts() override {}
  SignalResult signal(WorkerLink&, StopSignal) noexcept override { return SignalResult::sent; }
  std::optional<Death> status(WorkerLink&) noexcept override { return std::nullopt; }
  void release(WorkerLink&) noexcept override {}
  bool order_workers_memory() noexcept override { return true; }
  void log_error(const std::string&) noexcept override {}
  void log(const WorkerLink&, const protocol::LogRecord&) noexcept override {}
  bool table_is_full() noexcept override { return false; }
  std::size_t descriptor_limit() noexcept override { return 1024; }
};

}  // namespace brood::pool::testing
