#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver/fakes.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/driver/driver.hpp"

namespace brood::pool::process_watch_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t limit = 1000;  // bytes

/// A worker that is a page and nothing else.
class FakeLink final : public WorkerLink {
 public:
  explicit FakeLink(WorkerId worker, Time now) : WorkerLink(worker, "worker", 4096, now) {
    set_page(memory_.data());
  }
  transfer::ReceivedDescriptors receive_descriptors() override { return {}; }
  bool receive_wake_ups() override { return true; }

 private:
  void wake_worker() noexcept override {}
  void wake_for_stop() noexcept override {}
  void wake_owner() noexcept override {}
  platform::SendState send_now(std::uint64_t,
                               std::span<const detail::DescriptorRef>& unsent) override {
    unsent = {};
    return platform::SendState::sent;
  }

  platform::SharedMapping memory_ = testing::memory_of_page();
};

/// Remembers the signals that it is to send, and the errors that it is to log.
class FakeProcesses final : public testing::NoProcesses {
 public:
  SignalResult signal(WorkerLink&, StopSignal signal) noexcept override {
    signals.push_back(signal);
    return SignalResult::sent;
  }
  std::optional<Death> status(WorkerLink&) noexcept override { return Death{}; }
  void log_error(const std::string& text) noexcept override { errors.push_back(text); }

  std::vector<StopSignal> signals;
  std::vector<std::string> errors;
};

/// A driver with one worker, whose initializer runs.
class ProcessWatchTest : public ::testing::Test {
 protected:
  void make(std::optional<std::uint64_t> resident_hard) BROOD_ASSERT_CAPABILITY(core_lock) {
    no_other_thread_knows();
    Limits limits;
    limits.resident_hard = resident_hard;
    driver_.emplace(DriverConfig{.method = "test", .limits = limits}, scheduler_, processes,
                    callbacks_);
    driver_->first_starts(now);
    auto started = std::make_unique<FakeLink>(0, now);
    link = started.get();
    driver_->started(std::move(started), now);
  }
  Driver& driver() BROOD_ASSERT_CAPABILITY(core_lock) { return *driver_; }
  void see(const ProcessSight& seen) BROOD_ASSERT_CAPABILITY(core_lock) {
    no_other_thread_knows();
    driver_->observed(*link, seen, now);
    driver_->turn(now);
  }

  FakeProcesses processes;
  FakeLink* link = nullptr;
  Time now{seconds(1000)};

 private:
  Callbacks callbacks_;
  Scheduler scheduler_{SchedulerConfig{}};
  std::optional<Driver> driver_;
};

TEST_F(ProcessWatchTest, without_a_limit_nothing_is_watched) {
  make(std::nullopt);
  EXPECT_FALSE(driver().watches_processes());
  EXPECT_FALSE(driver().is_watched(*link));
}

TEST_F(ProcessWatchTest, a_worker_whose_initializer_runs_is_watched) {
  make(limit);
  EXPECT_TRUE(driver().watches_processes());
  EXPECT_TRUE(driver().is_watched(*link));
}

TEST_F(ProcessWatchTest, as_much_memory_as_is_allowed_is_remembered_and_no_more) {
  make(limit);
  see({.resident = limit, .main_thread_ended = false});
  see({.resident = limit / 2, .main_thread_ended = false});
  EXPECT_EQ(link->peak_seen, limit);
  EXPECT_EQ(link->oversize, 0U);
  EXPECT_TRUE(processes.signals.empty());
}

TEST_F(ProcessWatchTest, a_worker_with_too_much_memory_is_killed_at_once) {
  make(limit);
  see({.resident = limit + 1, .main_thread_ended = false});
  EXPECT_EQ(link->oversize, limit + 1);
  EXPECT_EQ(link->peak_seen, limit + 1);
  EXPECT_EQ(processes.signals, std::vector{StopSignal::kill});
  EXPECT_FALSE(driver().is_watched(*link));
}

TEST_F(ProcessWatchTest, a_worker_that_has_lost_its_main_thread_has_a_second_to_end) {
  make(limit);
  see({.resident = 1, .main_thread_ended = true});
  now += seconds(1);
  see({.resident = 1, .main_thread_ended = true});
  EXPECT_TRUE(processes.signals.empty());
  now += milliseconds(1);
  see({.resident = 1, .main_thread_ended = true});
  EXPECT_EQ(processes.signals, std::vector{StopSignal::kill});
  ASSERT_EQ(processes.errors.size(), 1U);
  EXPECT_EQ(processes.errors[0], "worker is stopped: its main thread has ended");
}

TEST_F(ProcessWatchTest, a_main_thread_that_is_there_again_was_never_lost) {
  make(limit);
  see({.resident = 1, .main_thread_ended = true});
  now += milliseconds(900);
  see({.resident = 1, .main_thread_ended = false});
  now += milliseconds(900);
  see({.resident = 1, .main_thread_ended = true});
  EXPECT_TRUE(processes.signals.empty());
}

}  // namespace
}  // namespace brood::pool::process_watch_test
