#include "platform/watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "platform/descriptor.hpp"
#include "platform/process.hpp"

namespace brood::platform {

namespace {

// For the life of the process, the thread does not count as a reason against fork. A worker of a
// nested fork pool is a copy of this process and counts its own thread anew, in the same memory.
// Never destroyed: the thread may begin when exit() has destroyed the static objects.
alignas(OwnThread) std::byte watch_memory[sizeof(OwnThread)];
OwnThread* watch_thread = nullptr;
pthread_t watch_handle;
pollfd watched[2];  // the owner; the set of its channel
std::atomic<bool (*)()> wants_time = nullptr;
constexpr int time_to_stop = 500;  // ms

[[noreturn]] void end_orphan() {
  const auto asked = wants_time.load();
  if (asked != nullptr && asked()) ::poll(nullptr, 0, time_to_stop);
  ::_exit(exit_orphaned);
}

// A thread and not PR_SET_PDEATHSIG: that one fires when the *thread* that forked us ends, and our
// parent may be the fork server, whose death must not hurt us (prctl(2)).
void* watch(void*) {
  set_thread_name("brood-watch");
  watch_thread->begun();
  for (;;) {
    if (::poll(watched, 2, -1) <= 0) continue;
    if (watched[0].revents != 0 || (watched[1].revents & POLLIN) != 0) end_orphan();
    watched[1].fd = -1;  // what runs here has closed it
  }
}

// Better no process than one that outlives its owner.
[[noreturn]] void end_unwatched(int error) noexcept {
  std::fprintf(stderr, "brood: cannot watch this process's owner: %s\n", std::strerror(error));
  ::_exit(exit_orphaned);
}

// Behind the numbers that a process is given, not where a task expects its own files; but a limit
// of open files may not leave these.
int out_of_the_way(int number, int channel) noexcept {
  constexpr int most_given = 16;
  const int apart = ::fcntl(number, F_DUPFD_CLOEXEC, channel + most_given);
  if (apart < 0) return number;
  ::close(number);
  return apart;
}

// A set of the channel alone, which becomes readable when the other end is closed. A poll(2) of the
// channel itself would keep it open where a task closes it, and hide that from the owner.
int set_of(int channel) noexcept {
  const int made = ::epoll_create1(EPOLL_CLOEXEC);
  if (made < 0) end_unwatched(errno);
  const int set = out_of_the_way(made, channel);
  epoll_event no_event{};  // the end is always one
  if (::epoll_ctl(set, EPOLL_CTL_ADD, channel, &no_event) != 0) end_unwatched(errno);
  own_descriptors.insert(set);
  return set;
}

}  // namespace

void before_orphan_ends(bool (*asked)()) noexcept { wants_time = asked; }

void watch_owner(int owner_pidfd, int channel) {
  if (owner_pidfd < 0 && channel < 0) return;
  watch_thread = new (watch_memory) OwnThread;
  watched[0] = {owner_pidfd, POLLIN, 0};
  watched[1] = {channel < 0 ? -1 : set_of(channel), POLLIN, 0};
  const int failed = start_plain_thread(watch_handle, Joining::yes, &watch, nullptr);
  if (failed != 0) end_unwatched(failed);
}

void stop_watching_owner() noexcept {
  if (watch_thread == nullptr) return;
  pthread_cancel(watch_handle);  // poll(2) is where it is: pthreads(7), cancellation points
  pthread_join(watch_handle, nullptr);
  std::exchange(watch_thread, nullptr)->~OwnThread();
  if (const int set = std::exchange(watched[1].fd, -1); set >= 0) {
    own_descriptors.erase(set);
    ::close(set);
  }
}

}  // namespace brood::platform
