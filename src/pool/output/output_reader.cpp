#include "pool/output/output_reader.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <span>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "platform/own_thread.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"

namespace brood::pool {

namespace {

// Bytes that wait to be printed before workers that write more have to wait.
constexpr std::size_t much = std::size_t{256} << 10;
constexpr std::chrono::duration<int, std::milli> look_up{500}, turn_time{2};
// In front of those of workers: what wakes the thread, stdout and stderr.
constexpr std::size_t fixed_watched = 1 + output_streams;
constexpr auto last_patience = std::chrono::seconds(1);

}  // namespace

void OutputReader::expect(const std::shared_ptr<WorkerOutput>& worker, std::uint64_t sequence,
                          std::size_t limit) {
  const base::MutexLock lock(mutex_);
  if (!thread_.joinable()) {
    wake_ = platform::make_socket_pipe();
    thread_ = platform::start_own_thread("brood-output", [this] { run(); });
  }
  worker->expect(sequence, limit);
  if (std::find(workers_.begin(), workers_.end(), worker) != workers_.end()) return;
  workers_.push_back(worker);
  wake();
}

detail::ElementOutput OutputReader::take(WorkerOutput& worker, std::uint64_t sequence) noexcept {
  const base::MutexLock lock(mutex_);
  return worker.take(sequence);
}

detail::ElementOutput OutputReader::last(WorkerOutput& worker, std::uint64_t sequence) noexcept
    try {
  const base::MutexLock lock(mutex_);
  return worker.last(sequence, queue_);
} catch (const std::exception&) {  // no memory
  return nullptr;
}

void OutputReader::end(const std::shared_ptr<WorkerOutput>& worker) noexcept try {
  const base::MutexLock lock(mutex_);
  std::erase(workers_, worker);
  worker->end(queue_);
  if (thread_.joinable()) wake();
} catch (const std::exception&) {  // no memory for a line
}

// A byte that waits already will do.
void OutputReader::wake() noexcept try {
  if (is_lost_()) return;
  const std::byte any{};
  static_cast<void>(platform::try_send_message(wake_.write.get(), {&any, 1}));
} catch (const std::exception&) {
}

void OutputReader::finish() noexcept {
  if (!thread_.joinable()) return;
  {
    const base::MutexLock lock(mutex_);
    is_over_ = true;
    wake();
  }
  thread_.join();
}

// Nothing leaves the thread. A worker that waits for its answer then has a limit of time, or none.
void OutputReader::run() noexcept {
  for (bool goes_on = true; goes_on;) {
    try {
      goes_on = look();
      if (goes_on) wait();
    } catch (const std::exception& failure) {
      base::log_error(std::string("what tasks have written is lost: ") + failure.what());
    }
  }
}

// False at the end.
bool OutputReader::look() {
  if (is_lost_()) return false;
  bool is_over = false;
  {
    const base::MutexLock lock(mutex_);
    serve_ready();
    console_.take(queue_);
    is_over = is_over_;
  }
  if (is_over) {
    print_the_rest();
    return false;
  }
  console_.write();
  const base::MutexLock lock(mutex_);
  for (const auto& worker : workers_) worker->answer(console_);
  watch();
  return true;
}

void OutputReader::watch() {
  watched_.clear();
  watched_workers_.clear();
  watched_.push_back({wake_.read.get(), POLLIN, 0});
  console_.watch(watched_);
  const bool can_print = console_.left(0) < much && console_.left(1) < much;
  for (const auto& worker : workers_) {
    worker->watch(watched_, can_print);
    watched_workers_.push_back({worker, watched_.size()});
  }
}

// One that has ended meanwhile reads nothing.
void OutputReader::serve_ready() {
  std::size_t i = fixed_watched;
  for (const Watched& one : watched_workers_) {
    bool is_ready = false;
    for (; i < one.end; ++i) is_ready = is_ready || watched_[i].revents != 0;
    if (is_ready) one.worker->serve(queue_);
  }
}

void OutputReader::wait() {
  const auto most = console_.waits_for_turn() ? turn_time : look_up;
  if (platform::system_calls().poll(watched_.data(), watched_.size(), most.count()) < 0)
    for (pollfd& one : watched_) one.revents = 0;
  if (watched_.front().revents == 0) return;
  std::array<std::byte, 64> wakes;
  static_cast<void>(platform::receive_some(wake_.read.get(), wakes));
}

void OutputReader::print_the_rest() {
  const auto end = std::chrono::steady_clock::now() + last_patience;
  for (;;) {
    console_.write();
    if (console_.is_done() || std::chrono::steady_clock::now() >= end) break;
    watched_.clear();
    console_.watch(watched_);
    platform::system_calls().poll(watched_.data(), watched_.size(), turn_time.count());
  }
  console_.give_up();
}

}  // namespace brood::pool
