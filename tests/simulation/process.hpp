#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include <brood/detail/run.hpp>
#include "fiber.hpp"
#include "pipe.hpp"
#include "plan.hpp"
#include "protocol/page.hpp"
#include "wire/frame.hpp"
#include "worker/result_stream.hpp"

namespace brood::simulation {

class Referee;

/// A worker process: the worker's real result stream and run, fed by a loop like that of
/// src/worker/worker.cpp, on a fiber. It can be killed wherever it pauses.
class Process final : private worker::ResultOutlet {
 public:
  enum class Wait : std::uint8_t { none, reading, writing, sleeping };

  Process(Environment& environment, Referee& referee, WorkerId worker, std::uint64_t number);
  ~Process();

  const WorkerId slot;
  const std::uint64_t pid;
  Pipe tasks, results;
  protocol::WorkerPage& page() noexcept { return *page_; }
  bool alive() const noexcept { return alive_; }
  /// Whether it can go on now.
  bool runnable() const;
  Time wakes_at() const noexcept { return wakes_at_; }
  Wait waits_for() const noexcept { return wait_; }
  /// Lets it run until it pauses or ends.
  void run();
  void kill();

 private:
  struct Killed {};
  void body();
  void start_up();
  void serve();
  void handle(const wire::Frame& frame);
  void run_elements(std::span<const std::byte> payload);
  void run_each(JobId job, const JobPlan& plan, std::uint32_t attempt);
  void run_folded(JobId job, const JobPlan& plan, std::uint32_t attempt);
  bool claim(const JobPlan& plan);
  std::size_t perform(JobId job, const JobPlan& plan);
  void put(JobId job, std::size_t index, const JobPlan& plan);
  void fail(const JobPlan& plan);
  void write_garbage();
  void be_deaf();

  void write(std::span<const std::byte> bytes) override;
  std::chrono::steady_clock::time_point now() noexcept override { return environment_.now; }
  bool escort(std::uint64_t, const detail::DescriptorRef&) override { return true; }
  void wait_for_escort() override {}
  void show_the_torn_flush();
  void pause(Wait wait);
  void maybe_pause();
  void sleep(double nanoseconds);
  void unwind();

  Environment& environment_;
  Referee& referee_;
  bool alive_ = true, dying_ = false, deaf_ = false;
  std::unique_ptr<protocol::WorkerPage> page_;
  Wait wait_ = Wait::none;
  Time wakes_at_{}, stamped_{};
  std::unique_ptr<worker::ResultStream> stream_;
  wire::FrameParser parser_{1024};
  std::map<JobId, JobPlan> definitions_;
  detail::Run run_;
  Fiber fiber_;
};

}  // namespace brood::simulation
