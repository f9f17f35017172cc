#pragma once

#include <cstddef>
#include <string>

#include "platform/descriptor.hpp"

namespace brood::platform {

// Files that are memory: of `size` zero bytes, all of them taken from the system at once, so that
// touching them later is never a SIGBUS. Everything here throws SystemError.

/// Without a name.
Descriptor make_memory(const char* label, std::size_t size);
/// With one, as shm_open(3) has them: mode 0600, there for everybody at the moment it is complete,
/// until it is unlinked.
Descriptor make_named_memory(const std::string& name, std::size_t size);
/// Throws SystemError also for what is no regular file or empty (ENODATA), and for that of another
/// user where it is not to be `any` user's (EPERM).
enum class FileOwner : bool { this_user, any };
Descriptor open_named_memory(const std::string& name, FileOwner owner);
void unlink_named_memory(const std::string& name);
/// The same, for what could not be completed: its own error is what counts.
void remove_named_memory(const std::string& name) noexcept;

std::size_t size_of_file(int file);

}  // namespace brood::platform
