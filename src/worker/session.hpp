#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>

#include <brood/detail/pool/run.hpp>
#include "protocol/messages.hpp"
#include "protocol/page.hpp"
#include "worker/definition.hpp"
#include "worker/result_stream.hpp"
#include "worker/session_process.hpp"
#include "worker/stop_requests.hpp"
#include "worker/task_stream.hpp"

namespace brood::worker {

/// Bytes; tests have smaller ones.
struct SessionSizes {
  /// An element in a large frame begins before all of its argument has arrived.
  TaskStream::Sizes tasks;
  std::size_t results = protocol::WorkerPage::buffer_size;  // of their ring
};

/// A worker's side of the conversation with its owner, from the first message to the end of the
/// stream. Without a system call: those are its process's. Threads: one, and it is the one that
/// runs the user's code; for logs see ResultStream.
class Session {
 public:
  Session(SessionProcess& process, protocol::WorkerPage& page, const SessionSizes& sizes = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Waits for the owner's first message, and answers. Ends the process where that is of another
  /// version or build.
  const protocol::WorkerSetup& greet();
  /// Tells that the worker is ready for elements.
  void ready();
  /// Tells why it will never be.
  void fail_to_start(protocol::Type type, std::span<const std::byte> why);
  /// Does what it is told, until the end of the stream.
  void serve();

  ResultStream& results() noexcept { return results_; }
  StopRequests& stops() noexcept { return stops_; }

 private:
  enum class Whose : bool { of_one, of_several };
  bool read_more();
  wire::Frame first_frame();
  void handle(const wire::Frame& frame);
  bool run_arriving(Whose whose);
  void define(std::span<const std::byte> payload);
  void forget(std::uint64_t job);
  void run(const protocol::RunHeader& header, std::span<const std::byte> payload,
           detail::Supply* rest);
  void run_defined(Definition& definition, std::span<const std::byte> predicate);
  void check_resident(std::chrono::milliseconds interval);

  SessionProcess& process_;
  const std::size_t large_frame_;
  ResultStream results_;
  StopRequests stops_;
  TaskStream input_;
  protocol::WorkerSetup setup_;
  std::unordered_map<std::uint64_t, Definition> definitions_;
  detail::Run run_;
  bool exhausted_ = false;
  std::chrono::steady_clock::time_point last_check_{};
  Definition last_{{}};  // of a single: the next is likely to be of the same function
};

}  // namespace brood::worker
