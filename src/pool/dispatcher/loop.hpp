#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "platform/stdio_placeholders.hpp"
#include "pool/core.hpp"
#include "pool/dispatcher/dispatcher.hpp"
#include "pool/dispatcher/interrupt.hpp"
#include "pool/dispatcher/link_io.hpp"
#include "pool/dispatcher/resident_guard.hpp"
#include "pool/dispatcher/starts.hpp"
#include "pool/dispatcher/stop_detector.hpp"
#include "pool/dispatcher/worker_process.hpp"
#include "pool/driver/host.hpp"

namespace brood::pool {

/// The dispatcher's thread: it waits for descriptors and time, tells the driver, and does what the
/// driver wants of processes. Threads: its own, but for wake(), join(), let_go() and the logs.
class Dispatcher::Loop final : public Host, private StartEvents {
 public:
  explicit Loop(Core& core);
  ~Loop() { finish(); }

  /// Starts the thread; workers that the driver has already are served.
  void run_thread();
  void finish() noexcept {
    if (thread_.joinable()) thread_.join();
  }
  bool wake() noexcept;
  bool join(std::chrono::steady_clock::time_point deadline);
  void let_go() {
    std::call_once(let_go_, [this] { thread_.detach(); });
  }

 private:
  // --- Host ---
  void start(WorkerId id) override { starts_.ask(id); }
  void abandon_start(WorkerId id) override { starts_.abandon(id); }
  void abandon_starts() override { starts_.abandon_all(); }
  SignalResult signal(WorkerLink& link, StopSignal signal) noexcept override;
  std::optional<Death> status(WorkerLink& link) noexcept override {
    return starts_.ended(process_of(link));
  }
  void hang_up(WorkerLink& link) override;
  void release(WorkerLink& link) noexcept override { ios_[link.id].reset(); }
  void log_error(const std::string& text) noexcept override { core_.callbacks().log_error(text); }
  void log(const WorkerLink& link, const protocol::LogRecord& record) noexcept override {
    core_.callbacks().log(link.logs, record);
  }
  bool table_is_full() noexcept override;
  std::size_t descriptor_limit() noexcept override;
  // --- StartEvents ---
  void on_started(std::unique_ptr<WorkerProcess> worker) override BROOD_REQUIRES(core_.mutex());
  void on_start_failed(WorkerId id, std::exception_ptr why, StartFailure kind) override
      BROOD_REQUIRES(core_.mutex());

  // loop.cpp
  void run() noexcept;
  void serve();
  bool turn();
  void set_timer(Time now) BROOD_REQUIRES(core_.mutex());
  void sleep(StopDetector& stops);
  Nanoseconds longest_sleep(Time now) const;
  // channels.cpp
  void attach(WorkerProcess& worker);
  void watch_what_is_not_borrowable() BROOD_REQUIRES(core_.mutex());
  void watch_results(WorkerProcess& worker);
  void on_results(WorkerId id);
  platform::Transfer::State read_and_tell(WorkerProcess& worker) BROOD_EXCLUDES(core_.mutex());
  void on_ended(WorkerId id);
  void flush() BROOD_EXCLUDES(core_.mutex());
  void flush(WorkerProcess& worker) BROOD_EXCLUDES(core_.mutex());
  void wait_for_room(const WorkerProcess& worker, WorkerProcess::Stop stop);
  void cut_off(WorkerProcess& worker, int error) BROOD_EXCLUDES(core_.mutex());
  void end_all_workers() noexcept;
  Driver& driver() noexcept BROOD_REQUIRES(core_.mutex()) { return core_.driver(); }
  /// Not analysed: links come and go in this thread alone, so it may look without the lock which
  /// there are.
  const WorkerTable& workers() noexcept BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return core_.driver().workers();
  }

  std::optional<platform::StdioPlaceholders> stdio_;  // while Asio opens what it needs
  Core& core_;
  boost::asio::io_context io_;
  boost::asio::steady_timer timer_;
  Starts starts_;
  ResidentGuard guard_;
  std::optional<Interrupt> interrupt_;
  std::vector<std::unique_ptr<LinkIo>> ios_;  // by worker
  std::vector<WorkerProcess*> dirty_;         // to be written to, from turn() to flush()
  Time timer_set_for_{};
  std::optional<Time> due_;  // when a limit of time may be over
  bool idle_ = false;        // no call is open, and the pool is not to end
  std::atomic<bool> sleeping_{false};
  std::atomic<std::uint32_t> over_{0};
  std::thread thread_;
  std::once_flag let_go_;
};

}  // namespace brood::pool
