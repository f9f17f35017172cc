#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

// What tasks and tests tell each other through the file system: events, so that no test sleeps.
namespace brood::testing {

/// Long enough for every wait that ends when the library works.
inline constexpr std::chrono::seconds patience{30};

/// A directory of its own, removed at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "brood_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Adds a line to a file, in one write: lines of several processes do not mix.
inline void append_line(const std::string& path, std::string line) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  line += '\n';
  if (file < 0 || ::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("cannot append to " + path);
  ::close(file);
}

inline std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// Closed until open(); a task waits in pass(path).
class Gate {
 public:
  explicit Gate(std::string path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo failed");
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() {
    if (file_ >= 0) ::close(file_);
  }
  const std::string& path() const { return path_; }
  // Opening for both never blocks, and lets each opener for reading pass.
  void open() { file_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC); }
  /// Blocks until the gate is open.
  static void pass(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw std::runtime_error("no gate " + path);
    ::close(file);
  }

 private:
  std::string path_;
  int file_ = -1;
};

/// Lines that tasks send to the test.
class Mailbox {
 public:
  explicit Mailbox(std::string path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo failed");
    file_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() { ::close(file_); }
  const std::string& path() const { return path_; }

  static void send(const std::string& path, const std::string& line) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const std::string whole = line + '\n';
    if (file < 0 || ::write(file, whole.data(), whole.size()) < 0)
      throw std::runtime_error("no mailbox " + path);
    ::close(file);
  }
  /// The next line. Throws when none comes.
  std::string receive() {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (buffer_.find('\n') == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      pollfd ready{file_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0)
        throw std::runtime_error("no line came to " + path_);
      char bytes[4096];
      const ssize_t count = ::read(file_, bytes, sizeof bytes);
      if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
    }
    const std::size_t length = buffer_.find('\n');
    std::string line = buffer_.substr(0, length);
    buffer_.erase(0, length + 1);
    return line;
  }

 private:
  std::string path_, buffer_;
  int file_ = -1;
};

}  // namespace brood::testing
