#pragma once

#include <cstdint>
#include <optional>

#include "pool/driver/state.hpp"

namespace brood::pool {

/// From workers' streams and pages to the scheduler and the jobs. What that leads to waits for the
/// ActionExecutor. Threads: as the driver's.
class WorkerReader {
 public:
  explicit WorkerReader(DriverState& state) : state_(state) {}

  /// Tells what has been read into the link's stream. Throws what says that it makes no sense.
  void parse(WorkerLink& link);
  /// Tells the results in the worker's page, and returns what it has begun. Throws as parse().
  Running look(WorkerLink& link);
  /// Reads and tells what a dead worker has left in its pipe and its page.
  void read_the_rest(WorkerLink& link) noexcept;
  /// How much a dead worker had begun; nothing where its page cannot be believed.
  std::optional<std::uint64_t> begun_by_the_dead(WorkerLink& link);

 private:
  class Events;

  void parse_page_of_the_dead(WorkerLink& link);
  protocol::PageWatch::Known known(const WorkerLink& link) const;
  void bound_attached();

  DriverState& state_;
};

}  // namespace brood::pool
