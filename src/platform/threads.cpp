#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "platform/process.hpp"

namespace brood::platform {
namespace {

std::atomic<unsigned> generation{0};
std::atomic<int> registered_threads{0};
std::atomic<int> starting_threads{0};

void count_fork() noexcept {
  generation.fetch_add(1, std::memory_order_relaxed);
  registered_threads.store(0, std::memory_order_relaxed);  // only the forking thread lives on
  starting_threads.store(0, std::memory_order_relaxed);
}

}  // namespace

unsigned fork_generation() noexcept {
  // Forks before the first call need no count: nothing was compared yet.
  static const int installed = pthread_atfork(nullptr, nullptr, count_fork);
  static_cast<void>(installed);
  return generation.load(std::memory_order_relaxed);
}

OwnThread::OwnThread() noexcept : generation_(fork_generation()) {
  registered_threads.fetch_add(1, std::memory_order_relaxed);
  starting_threads.fetch_add(1, std::memory_order_relaxed);
}

OwnThread::~OwnThread() {
  if (generation_ != fork_generation()) return;
  begun();
  registered_threads.fetch_sub(1, std::memory_order_relaxed);
}

void OwnThread::begun() noexcept {
  if (begun_.exchange(true)) return;
  starting_threads.fetch_sub(1);
  starting_threads.notify_all();
}

void wait_for_starting_threads() noexcept {
  for (int starting; (starting = starting_threads.load()) != 0;) starting_threads.wait(starting);
}

int start_plain_thread(pthread_t& thread, Joining joining, void* (*body)(void*),
                       void* argument) noexcept {
  const BlockedSignals blocked;  // a new thread has the mask of the one that makes it
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(
      &attributes, joining == Joining::yes ? PTHREAD_CREATE_JOINABLE : PTHREAD_CREATE_DETACHED);
  std::size_t usual = 0;
  pthread_attr_getstacksize(&attributes, &usual);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  int failed = pthread_create(&thread, &attributes, body, argument);
  if (failed == EINVAL) {
    pthread_attr_setstacksize(&attributes, usual);
    failed = pthread_create(&thread, &attributes, body, argument);
  }
  pthread_attr_destroy(&attributes);
  return failed;
}

int own_threads() noexcept { return registered_threads.load(std::memory_order_relaxed); }

int count_threads() noexcept {
  // A directory's links are its entries that are directories, "." and ".." among them: procfs keeps
  // to that.
  struct stat status {};
  if (::stat("/proc/self/task", &status) == 0 && status.st_nlink > 2)
    return static_cast<int>(status.st_nlink) - 2;
  DIR* const tasks = ::opendir("/proc/self/task");
  if (tasks == nullptr) return 1;
  int count = 0;
  while (const dirent* const entry = ::readdir(tasks)) count += entry->d_name[0] != '.';
  ::closedir(tasks);
  return count > 0 ? count : 1;
}

}  // namespace brood::platform
