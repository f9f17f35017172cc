#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <atomic>
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
  // Forks before the first call need no count: nobody has compared yet.
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
