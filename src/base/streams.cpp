#include "base/streams.hpp"

#include <stdio_ext.h>

#include <cstdio>
#include <iostream>

// All streams of the process, as glibc lists them. Weak: another C library may not have them.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
using IoIterator = struct _IO_FILE*;
[[gnu::weak]] IoIterator _IO_iter_begin() noexcept;
[[gnu::weak]] IoIterator _IO_iter_end() noexcept;
[[gnu::weak]] IoIterator _IO_iter_next(IoIterator) noexcept;
[[gnu::weak]] std::FILE* _IO_iter_file(IoIterator) noexcept;
[[gnu::weak]] void _IO_list_lock() noexcept;
[[gnu::weak]] void _IO_list_unlock() noexcept;
}
// NOLINTEND(bugprone-reserved-identifier)

namespace brood::base {

// fflush(3) of everything waits for the lock of every stream, of those that are only read, too.
// What exit(3) does in their place waits for none, but moves the position of files that this
// process shares with the one that it was forked from.
void flush_at_exit() {
  std::cout.flush();
  std::clog.flush();
  if (_IO_iter_begin == nullptr) {
    std::fflush(nullptr);
    return;
  }
  _IO_list_lock();
  for (auto at = _IO_iter_begin(); at != _IO_iter_end(); at = _IO_iter_next(at)) {
    std::FILE* const stream = _IO_iter_file(at);
    if (__fwriting(stream) != 0 && __fpending(stream) != 0) std::fflush(stream);
  }
  _IO_list_unlock();
}

// fork(2) has made the locks of the streams anew, and no other thread runs.
void drop_unflushed() noexcept {
  if (_IO_iter_begin == nullptr) {
    __fpurge(stdout);
    return;
  }
  for (auto at = _IO_iter_begin(); at != _IO_iter_end(); at = _IO_iter_next(at)) {
    std::FILE* const stream = _IO_iter_file(at);
    if (__fwriting(stream) != 0 && __fpending(stream) != 0) __fpurge(stream);
  }
}

}  // namespace brood::base
