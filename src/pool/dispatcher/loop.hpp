#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "platform/stdio_placeholders.hpp"
#include "pool/dispatcher/process_dispatcher.hpp"
#include "pool/dispatcher/resident_guard.hpp"
#include "pool/dispatcher/stop_detector.hpp"
#include "pool/dispatcher/supervised_processes.hpp"
#include "pool/dispatcher/worker_sockets.hpp"
#include "pool/state/interrupt.hpp"
#include "pool/state/pool_state.hpp"

namespace brood::pool {

/// The dispatcher's thread: it waits for descriptors and time, and has the driver take its turns.
/// Threads: its own, but for wake(), join() and let_go().
class ProcessDispatcher::Loop {
 public:
  Loop(PoolState& state, Supervisor& supervisor, Callbacks& callbacks, OnInterrupt on_interrupt);
  ~Loop() { finish(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  WorkerProcesses& processes() noexcept { return processes_; }
  /// Starts the thread; workers that the driver has already are served.
  void run_thread();
  void finish() noexcept {
    if (thread_.joinable()) thread_.join();
    processes_.finish_output();  // while there is the state
  }
  bool wake() noexcept;
  bool join(std::chrono::steady_clock::time_point deadline);
  void let_go() {
    std::call_once(let_go_, [this] { thread_.detach(); });
  }

 private:
  void run() noexcept;
  void serve();
  bool turn() BROOD_EXCLUDES(core_lock);
  void drain() BROOD_EXCLUDES(core_lock);
  void set_timer(Time now) BROOD_REQUIRES(core_lock);
  void sleep(StopDetector& stops) BROOD_EXCLUDES(core_lock);
  Nanoseconds longest_sleep(Time now) const;

  std::optional<platform::StdioPlaceholders> stdio_;  // while Asio opens what it needs
  PoolState& state_;
  boost::asio::io_context io_;
  boost::asio::steady_timer timer_;
  WorkerSockets sockets_;
  SupervisedProcesses processes_;
  ResidentGuard guard_;
  std::optional<Interrupt> interrupt_;
  Time timer_set_for_{};
  std::optional<Time> due_;  // when a limit of time may be over
  bool idle_ = false;        // no call is open, and the pool is not to end
  std::atomic<bool> sleeping_{false};
  std::atomic<std::uint32_t> over_{0};
  std::thread thread_;
  std::once_flag let_go_;
};

}  // namespace brood::pool
