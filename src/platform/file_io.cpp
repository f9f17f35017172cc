#include "platform/file_io.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include <brood/errors.hpp>
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

constexpr const char* stage_of_writing = "writing to shared memory";

}  // namespace

bool file_may_have(std::uint64_t size) {
  rlimit limit{};
  return size <= static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) &&
         (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || size <= limit.rlim_cur);
}

void write_at(const Descriptor& file, std::span<const std::byte> bytes, std::uint64_t position) {
  write_at(file.get(), bytes, position);
}

void write_at(int file, std::span<const std::byte> bytes, std::uint64_t position) {
  if (!file_may_have(position + bytes.size())) throw SystemError("pwrite", stage_of_writing, EFBIG);
  while (!bytes.empty()) {
    const ssize_t count =
        system_calls().pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(position));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw SystemError("pwrite", stage_of_writing, count < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    position += static_cast<std::uint64_t>(count);
  }
}

std::size_t read_at(int file, std::span<std::byte> target, std::uint64_t position) {
  std::size_t done = 0;
  while (done < target.size()) {
    const ssize_t count = system_calls().pread(file, target.data() + done, target.size() - done,
                                               static_cast<off_t>(position + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("pread", "reading from shared memory", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void discard(int file, std::uint64_t position, std::uint64_t size) noexcept {
  static_cast<void>(::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                static_cast<off_t>(position), static_cast<off_t>(size)));
}

}  // namespace brood::platform
