#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/processes.hpp"

namespace brood::testing {

/// A program that a test runs: its output is collected, and it never outlives the test.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    int output[2];
    if (::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], 2);
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    const int error = ::posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), ::environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(output[1]);
    output_ = output[0];
    if (error == 0) return;
    ::close(output_);
    throw std::runtime_error("cannot run " + arguments[0]);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (!waited_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
  }
  int pid() const { return pid_; }
  void kill(int number) const { ::kill(pid_, number); }

  /// One line of its output, without the end of line; what there is at the end of the output.
  std::string line() {
    std::string text;
    for (char c = 0; read_one(c) && c != '\n';) text += c;
    return text;
  }
  /// The rest of its output.
  std::string rest() {
    std::string text;
    for (char c = 0; read_one(c);) text += c;
    return text;
  }
  /// Exit code, negative for a signal. Blocks until it has ended.
  int wait() {
    if (!Watched(pid_).ends_within(patience)) throw std::runtime_error("the program does not end");
    int status = 0;
    ::waitpid(pid_, &status, 0);
    waited_ = true;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  bool read_one(char& c) const {
    pollfd ready{output_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) != 1)
      throw std::runtime_error("the program says nothing");
    return ::read(output_, &c, 1) == 1;
  }
  pid_t pid_ = 0;
  int output_ = -1;
  bool waited_ = false;
};

/// Path of a program of tests/victims.
inline std::string victim(const std::string& name) {
  return std::string(BROOD_VICTIMS_DIR) + "/victim_" + name;
}

/// The processes whose pids the program prints, up to an empty line. Where a sanitizer runs threads
/// of its own, the library warns of them in between.
inline std::vector<Watched> watched_by_lines(Program& program) {
  std::vector<Watched> below;
  for (std::string line; !(line = program.line()).empty();) {
    if (line.find_first_not_of("0123456789") == std::string::npos)
      below.emplace_back(std::stoi(line));
  }
  return below;
}

}  // namespace brood::testing
