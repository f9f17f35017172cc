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
Descriptor open_named_memory(const std::string& name);
void unlink_named_memory(const std::string& name);

std::size_t size_of_file(int file);

}  // namespace brood::platform
