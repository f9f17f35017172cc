// From nothing to the first result.
#include <brood/pool.hpp>
#include <brood/value.hpp>

#include <spawn.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "baseline.hpp"
#include "measure.hpp"
#include "memory.hpp"
#include "tasks.hpp"

extern char** environ;

namespace bench {
namespace starts {
namespace {

/// Memory of this process, touched, so that a fork has page tables to copy.
class Ballast {
 public:
  explicit Ballast(std::size_t size)
      : size_(size),
        memory_(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::runtime_error("mmap");
    madvise(memory_, size_, MADV_NOHUGEPAGE);
    std::memset(memory_, 1, size_);
  }
  ~Ballast() { munmap(memory_, size_); }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

 private:
  std::size_t size_;
  void* memory_;
};

void bare_fork() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
}
void bare_spawn() {
  pid_t child = -1;
  char program[] = "/proc/self/exe", argument[] = "--exit";
  char* const arguments[] = {program, argument, nullptr};
  if (posix_spawn(&child, program, nullptr, nullptr, arguments, environ) != 0)
    throw std::runtime_error("posix_spawn");
  waitpid(child, nullptr, 0);
}

/// Ending the pool is not counted: of a bare process reaping is all that there is.
double start_of_pool(const std::string& method) {
  std::unique_ptr<brood::Pool> pool;
  return seconds([&] {
    pool = std::make_unique<brood::Pool>(brood::PoolOptions{.workers = 1, .start_method = method});
    keep(pool->apply(tasks::next, 1));
  });
}

void start(const std::string& method, void (*bare)(), const std::string& bare_name, int repetitions,
           const Report& report) {
  start_of_pool(method);  // of forkserver: starts the server, once for a program
  std::vector<double> ours, theirs;
  for (int i = 0; i < repetitions; ++i) {
    theirs.push_back(seconds(bare));
    ours.push_back(start_of_pool(method));
  }
  report.add("brood", median(ours) * 1e6);
  report.add(bare_name, median(theirs) * 1e6);
}

void start_fork(const Scale& scale, const Report& report) {
  start("fork", bare_fork, "fork", scale.of(101, 5), report);
}
void start_spawn(const Scale& scale, const Report& report) {
  start("spawn", bare_spawn, "posix_spawn", scale.of(41, 5), report);
}
void start_forkserver(const Scale& scale, const Report& report) {
  start("forkserver", bare_spawn, "posix_spawn", scale.of(101, 5), report);
}

void start_large(const std::string& method, const Scale& scale, const Report& report) {
  const std::size_t size = scale.of(std::size_t{8} << 30, std::size_t{1} << 20);
  if (available_memory() < size + (std::size_t{1} << 30))
    return report.leave_out("less free memory than a GiB more than the parent is to have");
  std::vector<double> small, large;
  start_of_pool(method);
  for (int i = 0; i < scale.of(41, 5); ++i) small.push_back(start_of_pool(method));
  const Ballast ballast(size);
  for (int i = 0; i < scale.of(41, 5); ++i) large.push_back(start_of_pool(method));
  report.add("brood", median(large) * 1e6);
  report.add("brood, 0 GiB", median(small) * 1e6);
}

// Forked processes that live at the same time. Their end is not counted.
double start_of_forks(int count) {
  int ready[2], end[2];
  if (pipe(ready) != 0 || pipe(end) != 0) throw std::runtime_error("pipe");
  const double time = seconds([&] {
    for (int i = 0; i < count; ++i) {
      const pid_t child = fork();
      if (child < 0) throw std::runtime_error("fork");
      if (child != 0) continue;
      close(end[1]);
      char byte = 0;
      write_fully(ready[1], &byte, 1);
      while (read(end[0], &byte, 1) > 0) {
      }
      _exit(0);
    }
    std::vector<char> bytes(static_cast<std::size_t>(count));
    read_fully(ready[0], bytes.data(), bytes.size());
  });
  for (const int descriptor : {ready[0], ready[1], end[0], end[1]}) close(descriptor);
  for (int i = 0; i < count; ++i) wait(nullptr);
  return time;
}

using Count = brood::Value<std::atomic<int>>;
void count_in(const Count& count) { ++*count; }

double start_of_workers(int workers) {
  const Count ready(0);
  std::unique_ptr<brood::Pool> pool;
  return seconds([&] {
    pool = std::make_unique<brood::Pool>(
        brood::PoolOptions{.workers = workers, .initializer = brood::task(count_in, ready)});
    while (*ready < workers) std::this_thread::sleep_for(std::chrono::microseconds(200));
  });
}

void start_1000(const Scale& scale, const Report& report) {
  const int workers = scale.of(1000, 20);
  const double bare = start_of_forks(workers);
  start_of_pool("forkserver");
  report.add("brood", start_of_workers(workers) * 1e3);
  report.add("fork", bare * 1e3);
}

}  // namespace
}  // namespace starts

std::vector<Row> start_rows() {
  const auto large = [](std::string method) {
    return [method](const Scale& scale, const Report& report) {
      starts::start_large(method, scale, report);
    };
  };
  return {{"start_fork", "us", starts::start_fork},
          {"start_spawn", "us", starts::start_spawn},
          {"start_forkserver", "us", starts::start_forkserver},
          {"start_spawn_8_gib", "us", large("spawn")},
          {"start_forkserver_8_gib", "us", large("forkserver")},
          {"start_1000", "ms", starts::start_1000}};
}

}  // namespace bench
