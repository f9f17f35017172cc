#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace brood::testing {

/// An event of a trace, as its line in the file.
class TraceEvent {
 public:
  explicit TraceEvent(std::string line) : line_(std::move(line)) {}
  /// What stands behind a name: a number, or a text without its quotes; empty where there is none.
  std::string operator[](const std::string& name) const {
    const std::size_t key = line_.find('"' + name + "\":");
    if (key == std::string::npos) return {};
    const std::size_t begin = key + name.size() + 3;
    if (line_[begin] != '"') return line_.substr(begin, line_.find_first_of(",}", begin) - begin);
    return line_.substr(begin + 1, line_.find('"', begin + 1) - begin - 1);
  }
  double number(const std::string& name) const { return std::stod((*this)[name]); }
  bool is_element() const { return (*this)["cat"].starts_with("element"); }

 private:
  std::string line_;
};

inline std::vector<TraceEvent> events_in(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::vector<TraceEvent> events;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(R"({"name":)")) events.emplace_back(line);
  }
  return events;
}

inline std::vector<TraceEvent> elements_in(const std::string& path) {
  std::vector<TraceEvent> elements = events_in(path);
  std::erase_if(elements, [](const TraceEvent& event) { return !event.is_element(); });
  return elements;
}

/// Against what the format's document says. Nothing where there is no python3.
inline void expect_valid(const std::string& path) {
  if (std::system("python3 -c 1 >/dev/null 2>&1") != 0) return;
  const std::string command =
      std::string("python3 ") + BROOD_CHECK_CHROME_TRACE + " '" + path + "' >/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << path;
}

}  // namespace brood::testing
