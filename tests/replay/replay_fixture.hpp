#pragma once

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/program.hpp"

namespace brood::testing {

/// A directory that goes with the test.
class FailedDirectory {
 public:
  FailedDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "brood-failed-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  FailedDirectory(const FailedDirectory&) = delete;
  FailedDirectory& operator=(const FailedDirectory&) = delete;
  ~FailedDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (entry.is_regular_file()) names.push_back(entry.path().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
inline void write_bytes(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

struct Rerun {
  std::string output;
  int exit_code;
};
/// `./program --brood-replay FILE`, of this program.
inline Rerun run_again(const std::string& file) {
  Program program({"/proc/self/exe", "--brood-replay", file});
  std::string output = program.rest();
  return {output, program.wait()};
}

}  // namespace brood::testing
