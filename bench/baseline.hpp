#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <stdexcept>
#include <vector>

// What the operating system alone costs: the other side of every ratio.
namespace bench {

/// Keeps this process, and those that it starts, on one CPU while it lives.
class OnOneCpu {
 public:
  OnOneCpu() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
      if (CPU_ISSET(cpu, &before_)) CPU_SET(cpu, &one);
    }
    sched_setaffinity(0, sizeof one, &one);
  }
  ~OnOneCpu() { sched_setaffinity(0, sizeof before_, &before_); }
  OnOneCpu(const OnOneCpu&) = delete;
  OnOneCpu& operator=(const OnOneCpu&) = delete;

 private:
  cpu_set_t before_;
};

/// This process runs on the last CPU that it may use.
inline void use_last_cpu() {
  cpu_set_t all, one;
  sched_getaffinity(0, sizeof all, &all);
  CPU_ZERO(&one);
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && CPU_COUNT(&one) == 0; --cpu) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  }
  sched_setaffinity(0, sizeof one, &one);
}

/// A forked process that reads from one plain pipe and writes to another one.
class PipePeer {
 public:
  template <class Body>
  explicit PipePeer(Body body) {
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0) {
      close(there[1]);
      close(back[0]);
      body(there[0], back[1]);
      _exit(0);
    }
    close(there[0]);
    close(back[1]);
    to_ = there[1];
    from_ = back[0];
  }
  ~PipePeer() {
    close(to_);
    close(from_);
    waitpid(pid_, nullptr, 0);
  }
  PipePeer(const PipePeer&) = delete;
  PipePeer& operator=(const PipePeer&) = delete;
  pid_t process() const { return pid_; }
  int to() const { return to_; }
  int from() const { return from_; }

 private:
  pid_t pid_;
  int to_, from_;
};

inline void write_fully(int descriptor, const void* data, std::size_t count) {
  const char* position = static_cast<const char*>(data);
  while (count != 0) {
    const ssize_t written = write(descriptor, position, count);
    if (written <= 0) throw std::runtime_error("write");
    position += written;
    count -= static_cast<std::size_t>(written);
  }
}

inline void read_fully(int descriptor, void* data, std::size_t count) {
  char* position = static_cast<char*>(data);
  while (count != 0) {
    const ssize_t got = read(descriptor, position, count);
    if (got <= 0) throw std::runtime_error("read");
    position += got;
    count -= static_cast<std::size_t>(got);
  }
}

/// Makes a pipe as large as an unprivileged process may by default.
inline void enlarge(int pipe_end) { fcntl(pipe_end, F_SETPIPE_SZ, 1 << 20); }

/// Body of a peer that sends back what it reads, in blocks of at most 1 MiB.
inline void echo(int from, int to) {
  std::vector<char> block(1 << 20);
  for (ssize_t got = 0; (got = read(from, block.data(), block.size())) > 0;)
    write_fully(to, block.data(), static_cast<std::size_t>(got));
}

}  // namespace bench
