#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/pool_fixture.hpp"

// What elements write, as a program sees it.
namespace brood::testing {

class OutputTest : public PoolTest {
 protected:
  static CallOptions capturing(std::uint64_t limit = 64_KiB) {
    CallOptions options;
    options.output = Output::capture;
    options.output_limit = limit;
    return options;
  }
  static CallOptions prefixing() {
    CallOptions options;
    options.output = Output::prefix;
    return options;
  }
};

/// A stream of this process, which is in a file while this lives.
class InFile {
 public:
  explicit InFile(int stream)
      : stream_(stream), file_(::memfd_create("stream", MFD_CLOEXEC)), before_(moved(stream)) {
    if (::dup2(file_, stream_) < 0) throw std::runtime_error("no stream");
  }
  InFile(const InFile&) = delete;
  InFile& operator=(const InFile&) = delete;
  ~InFile() {
    std::fflush(nullptr);
    ::dup2(before_, stream_);
    ::close(before_);
    ::close(file_);
  }
  std::string text() const {
    std::string text(static_cast<std::size_t>(::lseek(file_, 0, SEEK_END)), '\0');
    if (::pread(file_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("no text");
    return text;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    const std::string all = text();
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = std::min(all.find('\n', begin), all.size());
      lines.push_back(all.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  }

 private:
  static int moved(int stream) {
    std::fflush(nullptr);
    return ::fcntl(stream, F_DUPFD_CLOEXEC, 20);
  }
  const int stream_, file_, before_;
};

/// By write(2).
inline void write_to(int stream, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(stream, text.data(), text.size());
    if (count < 0) throw std::runtime_error("write fails");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace brood::testing
