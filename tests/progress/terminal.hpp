#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "progress/screen.hpp"
#include "support/events.hpp"

namespace brood::testing {

/// stderr is a pseudo terminal of this size while it lives; a Screen shows what was written to it.
class Terminal {
 public:
  explicit Terminal(unsigned short columns = 80, unsigned short rows = 24) : screen_(columns) {
    winsize size{rows, columns, 0, 0};
    if (::openpty(&ours_, &theirs_, nullptr, nullptr, &size) != 0)
      throw std::runtime_error("openpty failed");
    ::fcntl(ours_, F_SETFD, FD_CLOEXEC);
    ::fcntl(theirs_, F_SETFD, FD_CLOEXEC);
    stderr_.become(STDERR_FILENO, theirs_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    stderr_.restore();
    ::close(theirs_);
    ::close(ours_);
  }

  /// Calls `body` while stdout is the terminal, too. It asserts nothing: that would be written
  /// there.
  template <class Body>
  void with_stdout(Body body) {
    Replaced replaced;
    replaced.become(STDOUT_FILENO, theirs_);
    body();
    replaced.restore();
  }
  /// As the user does it with a window.
  void narrow(unsigned short columns) {
    screen();
    winsize size{24, columns, 0, 0};
    ::ioctl(ours_, TIOCSWINSZ, &size);
    screen_.narrow(columns);
  }
  int descriptor() const { return theirs_; }

  /// What has been written since the last time. What this thread has written before is in it.
  std::string written() {
    static const std::string mark = "\x1b[9999m";
    if (::write(theirs_, mark.data(), mark.size()) < 0) throw std::runtime_error("write failed");
    std::string text;
    while (text.find(mark) == std::string::npos) text += read_some();
    text.erase(text.find(mark), mark.size());
    screen_.take(text);
    return text;
  }
  /// What comes next; empty where nothing comes for a moment.
  std::string read_some() const {
    pollfd ready{ours_, POLLIN, 0};
    char bytes[4096];
    if (::poll(&ready, 1, 100) != 1) return {};
    const ssize_t count = ::read(ours_, bytes, sizeof bytes);
    return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string();
  }
  /// After what has been written so far.
  const Screen& screen() {
    written();
    return screen_;
  }

 private:
  /// A standard stream that is something else for a while.
  class Replaced {
   public:
    void become(int number, int other) {
      std::fflush(nullptr);
      number_ = number;
      before_ = ::fcntl(number, F_DUPFD_CLOEXEC, 3);
      ::dup2(other, number);
    }
    void restore() const {
      std::fflush(nullptr);
      ::dup2(before_, number_);
      ::close(before_);
    }

   private:
    int number_ = -1, before_ = -1;
  };

  int ours_ = -1, theirs_ = -1;
  Replaced stderr_;
  Screen screen_;
};

}  // namespace brood::testing
