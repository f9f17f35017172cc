#include "platform/own_table.hpp"

#include <linux/close_range.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <csignal>
#include <utility>

#include "platform/futex.hpp"
#include "platform/spin.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {

namespace {

// Thread numbers; 0: free. A process that is forked has none of these threads.
constinit std::array<std::atomic<pid_t>, most_lingering> lingering{};

bool is_listed(pid_t thread) noexcept { return ::tgkill(::getpid(), thread, 0) == 0; }

void note_lingering(pid_t thread) noexcept {
  for (std::atomic<pid_t>& slot : lingering) {
    pid_t free = 0;
    if (slot.compare_exchange_strong(free, thread)) return;
  }
}

}  // namespace

int lingering_tables() noexcept {
  int count = 0;
  for (std::atomic<pid_t>& slot : lingering) {
    pid_t thread = slot.load();
    if (thread == 0) continue;
    if (is_listed(thread)) {
      ++count;
    } else {
      slot.compare_exchange_strong(thread, 0);
    }
  }
  return count;
}

OwnTable::OwnTable(int number, std::function<void()> action) noexcept
    : number_(number), action_(std::move(action)) {
  started_ = start_plain_thread(thread_, Joining::yes, run, this) == 0;
  if (started_) ready_.acquire();
}

OwnTable::~OwnTable() {
  if (!started_) return;
  may_end_.release();
  ::pthread_join(thread_, nullptr);
  // It is listed for a moment longer, and would be counted as a thread of the program's. This
  // thread sleeps meanwhile: on a busy machine each sched_yield(2) would wait for the time slice of
  // another program's thread.
  int looks = 100;
  while (is_listed(tid_) && --looks > 0) relax();
  constexpr std::chrono::milliseconds longest{2};
  const std::atomic<std::uint32_t> nothing{0};
  for (std::chrono::microseconds pause{10}; is_listed(tid_); pause *= 2) {
    if (pause > longest) {
      note_lingering(tid_);
      return;
    }
    futex_wait(nothing, 0, std::chrono::steady_clock::now() + pause);
  }
}

// What other threads close meanwhile stays open until this one ends, as with any fork(2). It is not
// closed here before: that close could be the last one, and wait.
void* OwnTable::run(void* itself) noexcept {
  OwnTable& table = *static_cast<OwnTable*>(itself);
  table.own_.begun();
  table.tid_ = ::gettid();
  table.separate_ = system_calls().close_range(static_cast<unsigned>(table.number_) + 1, UINT_MAX,
                                               CLOSE_RANGE_UNSHARE) == 0;
  if (table.separate_ && table.action_) table.action_();
  table.ready_.release();
  table.may_end_.acquire();
  return nullptr;
}

}  // namespace brood::platform
