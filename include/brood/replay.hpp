#pragma once

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/export.hpp>

// Runs an element again that has failed: `./program --brood-replay FILE`, which brood::init sees
// to, and brood::replay from anywhere in the program.
namespace brood {

/// How an element ended when it was run again. Threads: as any value.
class Replay {
 public:
  /// Whether it returned a value.
  bool has_value() const noexcept { return error_ == nullptr; }
  /// What it threw, itself and no copy. Null where it returned.
  const std::exception_ptr& error() const noexcept { return error_; }
  /// What it returned, as an R: what the task's function returns. Throws what it threw; CodecError
  /// for another type.
  template <class R>
  R value() const {
    if (error_) std::rethrow_exception(error_);
    Reader source(bytes_);
    return detail::decode_value<R>(source);
  }
  /// What it returned, as bytes; empty where it threw.
  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  /// Position of the element in the input of its call.
  std::size_t index() const noexcept { return index_; }
  /// What it ended in when it was saved, in words.
  const std::string& outcome_then() const noexcept { return outcome_then_; }
  /// What it ended in now, in words: "returned 4 bytes: 2a 00 00 00", "threw std::out_of_range: no
  /// such key".
  BROOD_API std::string str() const;

 private:
  friend BROOD_API Replay replay(const std::string& file);
  std::exception_ptr error_;
  std::vector<std::byte> bytes_;
  std::size_t index_ = 0;
  std::string outcome_then_;
};

/// Runs the element in `file`, which a pool with PoolOptions::save_failed has written, in this
/// process and thread: first the pool's initializer, then its state is made, then the element runs,
/// and then the state is destroyed. A breakpoint in the task is met, and a crash is this process's.
/// What the program has set up itself, and a forked worker would have had, is as it is here.
/// Only what this program has written should be run: a file names functions of the program.
/// Blocks until the element ends; no time limit applies. Throws CodecError for a file that is
/// damaged, none, or of another build of the program, UsageError for an element whose argument has
/// shared objects (a Queue, a Value), SystemError where the file cannot be read, and what the
/// initializer throws. Threads: any. Cost: what the initializer, the state and the element take.
BROOD_API Replay replay(const std::string& file);

}  // namespace brood
