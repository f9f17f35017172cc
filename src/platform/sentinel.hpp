#pragma once

#include <sys/types.h>

#include "platform/descriptor.hpp"

namespace brood::platform {

/// Which open file a number stands for.
class FileIdentity {
 public:
  FileIdentity() = default;
  /// Of any file where the system does not tell.
  static FileIdentity of(int number) noexcept;
  /// Cost: one fstat(2). Of a socket or memory file only: another file system might have to be
  /// asked.
  bool is_at(int number) const noexcept;

 private:
  bool known_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// A descriptor for nothing but to see whether the program has closed what is the library's, as
/// closefrom(3) and loops over close(2) do. Then all numbers that go with it may be the program's
/// files by now: nothing may be read, written or closed there.
class Sentinel {
 public:
  /// Throws SystemError.
  Sentinel();
  /// Threads: any. Cost: one fstat(2).
  bool intact() const noexcept { return identity_.is_at(socket_.get()); }

 private:
  Descriptor socket_;
  FileIdentity identity_;
};

/// Takes the numbers out of own_descriptors that are closed, or stand for what cannot be the
/// library's: else a process that is forked later would let go of them.
void forget_lost_descriptors() noexcept;

}  // namespace brood::platform
