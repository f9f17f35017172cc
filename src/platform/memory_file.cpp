#include "platform/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

#include <brood/errors.hpp>
#include "platform/file_io.hpp"
#include "platform/free_memory.hpp"
#include "platform/process.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

constexpr const char* making_memory = "making shared memory";
constexpr std::size_t block_size = 512;            // stat(2)
constexpr const char* shared_folder = "/dev/shm";  // where glibc's shm_open has it

std::string path_of(const std::string& name) { return std::string(shared_folder) + "/" + name; }

// A memfd has no limit of its own: the kernel would go on until it has to kill a process.
void demand_free(std::size_t size) {
  constexpr std::size_t worth_asking = std::size_t{8} << 20;
  if (size >= worth_asking && size > free_memory())
    throw SystemError("fallocate", making_memory, ENOMEM);
}

// In parts, each with signals blocked: an interrupted fallocate gives back what it has, and a
// profiler's timer would interrupt it for ever.
void reserve(const Descriptor& descriptor, std::size_t size) {
  demand_free(size);
  constexpr std::size_t part = std::size_t{64} << 20;
  if (!file_may_have(size)) throw SystemError("fallocate", making_memory, EFBIG);
  for (std::size_t done = 0; done < size; done += part) {
    const BlockedSignals blocked;
    int result = 0;
    do {
      result = system_calls().fallocate(descriptor.get(), 0, static_cast<off_t>(done),
                                        static_cast<off_t>(std::min(part, size - done)));
    } while (result != 0 && errno == EINTR);
    if (result != 0) throw SystemError("fallocate", making_memory, errno);
  }
}

Descriptor new_memory(const char* label, std::size_t size) {
  const int number = system_calls().memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (number < 0) throw SystemError("memfd_create", making_memory, errno);
  Descriptor descriptor = adopt_above_stdio(number);
  reserve(descriptor, size);
  return descriptor;
}

void seal(const Descriptor& file, int seals) {
  if (system_calls().fcntl_int(file.get(), F_ADD_SEALS, seals | F_SEAL_SEAL) != 0)
    throw SystemError("fcntl", making_memory, errno);
}

}  // namespace

Descriptor make_memory(const char* label, std::size_t size, Growth growth) {
  Descriptor descriptor = new_memory(label, size);
  seal_size(descriptor, growth);
  return descriptor;
}

Descriptor make_frozen_memory(const char* label, std::span<const std::byte> bytes) {
  Descriptor descriptor = new_memory(label, bytes.size());
  write_at(descriptor, bytes, 0);
  seal(descriptor, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return descriptor;
}

void seal_size(const Descriptor& file, Growth growth) {
  seal(file, growth == Growth::fixed ? F_SEAL_SHRINK | F_SEAL_GROW : F_SEAL_SHRINK);
}

Descriptor make_named_memory(const std::string& name, std::size_t size) {
  const int number =
      system_calls().open_unnamed(shared_folder, O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (number < 0) throw SystemError("open", making_memory, errno);
  Descriptor descriptor = adopt_above_stdio(number);
  reserve(descriptor, size);
  // The name comes last: no process finds memory that is not complete, and one that is killed
  // before this leaves nothing.
  const std::string itself = "/proc/self/fd/" + std::to_string(descriptor.get());
  if (::linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, path_of(name).c_str(), AT_SYMLINK_FOLLOW) != 0)
    throw SystemError("linkat", making_memory, errno);
  return descriptor;
}

Descriptor open_named_memory(const std::string& name, FileOwner owner) {
  constexpr const char* opening = "opening shared memory by its name";
  const int number =
      system_calls().open(path_of(name).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (number < 0) throw SystemError("open", opening, errno);
  Descriptor descriptor = adopt_above_stdio(number);
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) throw SystemError("fstat", opening, errno);
  if (owner == FileOwner::this_user && status.st_uid != ::geteuid())
    throw SystemError("fstat", opening + std::string(" that another user owns"), EPERM);
  if (!S_ISREG(status.st_mode) || status.st_size <= 0) throw SystemError("fstat", opening, ENODATA);
  // That of another program may have holes.
  if (static_cast<std::size_t>(status.st_blocks) * block_size <
      static_cast<std::size_t>(status.st_size))
    reserve(descriptor, static_cast<std::size_t>(status.st_size));
  return descriptor;
}

void unlink_named_memory(const std::string& name) {
  if (::unlink(path_of(name).c_str()) != 0)
    throw SystemError("unlink", "unlinking shared memory", errno);
}

void remove_named_memory(const std::string& name) noexcept {
  try {
    unlink_named_memory(name);
  } catch (const std::exception&) {
    // It is gone already.
  }
}

FileSize sizes_of_file(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) throw SystemError("fstat", "opening shared memory", errno);
  return {static_cast<std::uint64_t>(status.st_size),
          static_cast<std::uint64_t>(status.st_blocks) * block_size};
}

std::size_t size_of_file(int file) { return sizes_of_file(file).size; }

// Only what is memory has seals: nothing else is asked any further.
FileFacts facts_of(int file) noexcept {
  FileFacts facts;
  const int seals = system_calls().fcntl_int(file, F_GET_SEALS, 0);
  const int flags = system_calls().fcntl_int(file, F_GETFL, 0);
  struct stat status {};
  if (seals < 0 || flags < 0 || ::fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
    return facts;
  facts.is_memory = true;
  facts.is_writable = (flags & O_ACCMODE) == O_RDWR && (seals & F_SEAL_WRITE) == 0;
  facts.keeps_size = (seals & F_SEAL_SHRINK) != 0;
  facts.is_frozen = facts.keeps_size && (seals & F_SEAL_WRITE) != 0;
  facts.size = static_cast<std::uint64_t>(status.st_size);
  facts.present = static_cast<std::uint64_t>(status.st_blocks) * block_size;
  return facts;
}

}  // namespace brood::platform
