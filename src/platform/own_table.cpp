#include "platform/own_table.hpp"

#include <linux/close_range.h>
#include <sched.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <utility>

#include "platform/system_calls.hpp"

namespace brood::platform {

OwnTable::OwnTable(int number, std::function<void()> action) noexcept
    : number_(number), action_(std::move(action)) {
  started_ = start_plain_thread(thread_, Joining::yes, run, this) == 0;
  if (started_) ready_.acquire();
}

OwnTable::~OwnTable() {
  if (!started_) return;
  may_end_.release();
  ::pthread_join(thread_, nullptr);
  // It is listed for a moment longer, and would be counted as a thread of the program's.
  for (int i = 0; i < 100 && ::tgkill(::getpid(), tid_, 0) == 0; ++i) ::sched_yield();
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
