#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "platform/pipe.hpp"
#include "platform/stdio_placeholders.hpp"
#include "pool/core.hpp"
#include "pool/dispatcher.hpp"
#include "pool/interrupt.hpp"
#include "pool/link_io.hpp"
#include "pool/own_thread.hpp"
#include "pool/resident_guard.hpp"
#include "pool/starts.hpp"
#include "pool/stop_detector.hpp"

namespace brood::pool {

/// The dispatcher's thread and what it holds. Threads: its own, but for wake() and join().
class Dispatcher::Loop final : private Hands {
 public:
  explicit Loop(Core& core)
      : stdio_(std::in_place),
        core_(core),
        guard_(core, core.supervisor().limits().resident_hard),
        io_(1),
        timer_(io_),
        starts_(core, io_),
        ios_(core.links().size()) {
    for (const auto& link : core_.links()) {
      if (link) attach(*link);
    }
    if (core_.on_interrupt() == OnInterrupt::drain)
      interrupt_.emplace(io_, [this] { core_.drain(this); });
    stdio_.reset();
    thread_ = start_own_thread("brood-dispatch", [this] { run(); });
  }
  ~Loop() { thread_.join(); }

  // Not by posting: that allocates, and who wakes could not say that it has failed.
  // Where its descriptors are closed Asio would write to whatever has their numbers now.
  bool wake() noexcept {
    if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return true;
    if (core_.has_lost_descriptors()) {
      sleeping_.store(true, std::memory_order_seq_cst);
      return false;
    }
    io_.stop();
    return true;
  }
  bool join(std::chrono::steady_clock::time_point deadline);
  void let_go() {
    std::call_once(let_go_, [this] { thread_.detach(); });
  }

 private:
  void carry_out(const Action& action) override;
  void detach(JobId job) override;
  bool refers_to(JobId job) const override {
    const auto& links = core_.links();
    return std::any_of(links.begin(), links.end(),
                       [&](const auto& link) { return link && link->outbox.refers_to(job); });
  }
  void run() noexcept;
  void serve();
  void sleep(StopDetector& stops);
  void end_all_workers() noexcept;
  bool work();
  void tick(Time now);
  void set_timer(Time now);
  Nanoseconds longest_sleep(Time now) const;
  void flush();
  void flush_link(WorkerLink& link);
  void wait_for_room(const WorkerLink& link, Outbox::Stop stop);
  void cut_off(WorkerLink& link, int error);
  void attach(WorkerLink& link);
  void watch_results(WorkerLink& link);
  void on_results(WorkerId id);
  void stop_if_silent(WorkerId id);
  platform::Transfer::State hear(WorkerLink& link);
  void on_ended(WorkerId id);
  void bury_the_dead();
  void bury(WorkerId id, const Death& death);
  void read_the_rest(WorkerLink& link) noexcept;
  void send(WorkerLink& link, const Action& action);
  void start(WorkerId id) {
    starts_.ask(id);
    admit_started();
  }
  void admit_started();
  void give_up_start(WorkerId id) noexcept;
  void stop(WorkerLink& link) noexcept { core_.supervisor().stop(link); }
  bool kill_the_overdue(Time now);
  void balance_watches();
  void broken(WorkerLink& link, const std::exception_ptr& error) noexcept;

  std::optional<platform::StdioPlaceholders> stdio_;  // while Asio opens what it needs
  Core& core_;
  ResidentGuard guard_;
  boost::asio::io_context io_;
  boost::asio::steady_timer timer_;
  Starts starts_;
  std::optional<Interrupt> interrupt_;
  std::vector<std::unique_ptr<LinkIo>> ios_;  // by worker
  std::vector<WorkerLink*> dirty_;            // to be written to, from work() to flush()
  Time last_tick_{};
  Time timer_set_for_{};
  std::optional<Time> due_;  // when a limit of time may be over
  bool idle_ = false;        // no call is open, and the pool is not to end
  std::atomic<bool> sleeping_{false};
  std::atomic<std::uint32_t> over_{0};
  std::thread thread_;
  std::once_flag let_go_;
};

}  // namespace brood::pool
