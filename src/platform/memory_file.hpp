#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "platform/descriptor.hpp"

namespace brood::platform {

// Files that are memory: of `size` zero bytes, all of them taken from the system at once, so that
// touching them later is never a SIGBUS. Everything here throws SystemError.

enum class Growth : bool { fixed, grows };
/// Without a name, and sealed: it never gets smaller, nor larger where it is fixed.
Descriptor make_memory(const char* label, std::size_t size, Growth growth = Growth::fixed);
/// The same with these bytes, which never change.
Descriptor make_frozen_memory(const char* label, std::span<const std::byte> bytes);
/// For a new memfd that allows seals: no other size from now on.
void seal_size(const Descriptor& file, Growth growth = Growth::fixed);
/// With one, as shm_open(3) has them: mode 0600, visible to others at the moment it is complete,
/// until it is unlinked.
Descriptor make_named_memory(const std::string& name, std::size_t size);
/// Throws SystemError also for what is no regular file or empty (ENODATA), and for that of another
/// user where it is not to be `any` user's (EPERM).
enum class FileOwner : bool { this_user, any };
Descriptor open_named_memory(const std::string& name, FileOwner owner);
void unlink_named_memory(const std::string& name);
/// The same, for what could not be completed: its own error is what counts.
void remove_named_memory(const std::string& name) noexcept;

struct FileSize {
  std::uint64_t size = 0;
  std::uint64_t present = 0;  // bytes of it that take memory, in whole pages: the rest are holes
};
FileSize sizes_of_file(int file);
std::size_t size_of_file(int file);

/// What a descriptor is that has come from elsewhere. Never blocks, whatever it is.
struct FileFacts {
  bool is_memory = false;  // a memfd, or a file of a file system that is memory
  bool is_writable = false;
  bool keeps_size = false;  // sealed: never smaller again
  bool is_frozen = false;   // sealed: with these very bytes
  std::uint64_t size = 0;
  std::uint64_t present = 0;  // bytes of it that take memory
  /// Whether to map it: what lies in it stays there.
  bool can_share(std::uint64_t wanted) const noexcept {
    return is_memory && is_writable && keeps_size && wanted <= size;
  }
};
FileFacts facts_of(int file) noexcept;

}  // namespace brood::platform
