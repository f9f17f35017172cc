#pragma once

#include <utility>

#include "platform/descriptor_set.hpp"

namespace brood::platform {

/// Every number that a Descriptor of this process owns: the library's private ones. A process that
/// is forked to run code of the user's lets go of them.
extern DescriptorSet own_descriptors;
/// Those of shared objects in memory, which every forked process keeps: none of them is reserved.
extern DescriptorSet inherited_descriptors;
/// Lower numbers, and as many from high_reserved on, may have a fixed meaning in a new process:
/// what is there is replaced.
inline constexpr int first_unreserved = 16, high_reserved = 400;
/// Whether this process may have the high ones (RLIMIT_NOFILE). Async-signal-safe.
bool has_high_numbers() noexcept;
/// `number`, or where it is reserved the lowest one behind that.
inline int unreserved(int number) noexcept {
  if (number < first_unreserved) return first_unreserved;
  const bool high = number >= high_reserved && number < high_reserved + first_unreserved;
  return high && has_high_numbers() ? high_reserved + first_unreserved : number;
}

/// Owns one file descriptor. Everything that makes descriptors here makes them close-on-exec and
/// never below 3, so that a program started without stdin, stdout or stderr keeps those numbers
/// free.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) { own_descriptors.insert(number); }
  Descriptor(Descriptor&& other) noexcept
      : number_(std::exchange(other.number_, -1)), is_foreign_(other.is_foreign_) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
      is_foreign_ = other.is_foreign_;
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  int release() noexcept {
    own_descriptors.erase(number_);
    return std::exchange(number_, -1);
  }
  void reset() noexcept;  // closes

  /// Another process has made the open file, or has the other end of it: closing it shall not wait
  /// (foreign_close.hpp).
  void set_foreign() noexcept { is_foreign_ = true; }
  /// It is only one of several of this process, or another process to trust has made it.
  void set_trusted() noexcept { is_foreign_ = false; }
  bool is_foreign() const noexcept { return is_foreign_; }

  /// A close-on-exec copy numbered `lowest` or above. Throws SystemError.
  Descriptor duplicate(int lowest = 3) const;
  /// The same in place of the first one. Throws SystemError.
  void move_above(int lowest);

 private:
  int number_ = -1;
  bool is_foreign_ = false;
};

/// Takes over `number`, moved to 3 or above. Throws SystemError and closes it when that fails.
Descriptor adopt_above_stdio(int number);

/// A close-on-exec copy, numbered `lowest` or above, of a descriptor with another owner.
/// Throws SystemError.
Descriptor duplicate(int number, int lowest = 3);

/// Closes a socket for all that have copies of it: the program may have forked some, and its peer
/// would wait for their ends.
void hang_up(Descriptor& socket) noexcept;

}  // namespace brood::platform
