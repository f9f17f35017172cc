#pragma once

#include <dirent.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/sanitizers.hpp"

namespace brood::testing {

/// Names in a directory, without "." and "..".
inline std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) return names;
  while (const dirent* const entry = ::readdir(directory)) {
    if (const std::string name = entry->d_name; name != "." && name != "..") names.push_back(name);
  }
  ::closedir(directory);
  return names;
}

/// Direct children of a process, zombies included.
inline std::vector<int> children_of(const std::string& process) {
  std::vector<int> children;
  for (const std::string& thread : names_in("/proc/" + process + "/task")) {
    std::ifstream list("/proc/" + process + "/task/" + thread + "/children");
    children.insert(children.end(), std::istream_iterator<int>(list), {});
  }
  return children;
}

/// Numbers of a process's open descriptors.
inline std::set<int> descriptors_of(const std::string& process) {
  std::set<int> numbers;
  for (const std::string& name : names_in("/proc/" + process + "/fd")) {
    char target[16];
    // The one that lists the directory is gone by now.
    if (::readlink(("/proc/" + process + "/fd/" + name).c_str(), target, sizeof target) > 0)
      numbers.insert(std::atoi(name.c_str()));
  }
  return numbers;
}

/// What a test must leave as it found it.
struct Belongings {
  std::set<int> descriptors;
  std::set<int> children;
  std::size_t threads = 0;
  std::set<std::string> segments;  // of ours in /dev/shm

  static Belongings now() {
    Belongings found;
    found.descriptors = descriptors_of("self");
    for (const int child : children_of("self")) found.children.insert(child);
    // ThreadSanitizer's own thread starts with the first of ours; it reports those that are left.
    if (!under_thread_sanitizer) found.threads = names_in("/proc/self/task").size();
    for (const std::string& name : names_in("/dev/shm")) {
      if (is_ours(name)) found.segments.insert(name);
    }
    return found;
  }
  /// Other tests run beside this one: what they make bears their pid.
  static bool is_ours(const std::string& segment) {
    constexpr std::string_view of_a_test = "brood_test_";
    if (segment.starts_with(of_a_test))
      return std::atoi(segment.c_str() + of_a_test.size()) == ::getpid();
    return segment.find("brood") != std::string::npos;
  }
  bool operator==(const Belongings&) const = default;
};

/// Fixture: fails a test that leaves a descriptor, a child, a thread or a named segment behind.
class LeakCheck : public ::testing::Test {
 protected:
  void SetUp() override { before_ = Belongings::now(); }
  void TearDown() override {
    // A joined thread leaves /proc a moment after it has been joined: give everything a second.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    Belongings after = Belongings::now();
    while (!(after == before_) && std::chrono::steady_clock::now() < deadline) {
      ::poll(nullptr, 0, 1);
      after = Belongings::now();
    }
    EXPECT_EQ(after.descriptors, before_.descriptors) << "descriptors left open, or closed";
    EXPECT_EQ(after.children, before_.children) << "processes left behind";
    EXPECT_EQ(after.threads, before_.threads) << "threads left behind";
    EXPECT_EQ(after.segments, before_.segments) << "shared segments left behind";
  }

 private:
  Belongings before_;
};

}  // namespace brood::testing
