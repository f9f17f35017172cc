#pragma once

#include <cstddef>
#include <optional>

#include "platform/descriptor.hpp"

namespace brood::platform {

/// Parts at the end of a shared memory that are mapped twice, each behind itself: what begins in
/// one lies in one piece, also where it goes past the end and on from the beginning.
struct Rings {
  std::size_t size = 0;  // bytes of each: whole pages
  std::size_t count = 0;
};

/// Memory shared between processes, without a name: it is gone with the last process that maps it.
/// The pages before and behind it are unused: what runs past its ends hits nothing that is
/// shared.
class SharedMapping {
 public:
  SharedMapping() = default;
  SharedMapping(SharedMapping&& other) noexcept;
  SharedMapping& operator=(SharedMapping&& other) noexcept;
  ~SharedMapping();

  /// `size` zero bytes in a new memfd, with those of the rings, sealed: its size never changes.
  /// Throws SystemError.
  static SharedMapping create(const char* label, std::size_t size, Rings rings = {});
  /// Maps `size` bytes of an existing memfd. Throws SystemError, also when it is smaller, or could
  /// be made so.
  static SharedMapping open(Descriptor descriptor, std::size_t size, Rings rings = {});
  /// Maps so much of a file that another process has open. The caller knows that it is there and
  /// stays. Throws SystemError.
  static SharedMapping of(int file, std::size_t size);

  void* data() const noexcept { return data_; }
  /// With what is mapped twice.
  std::size_t size() const noexcept { return size_; }
  const Descriptor& descriptor() const noexcept { return descriptor_; }
  /// Closes the descriptor; the mapping stays.
  void drop_descriptor() noexcept { descriptor_.reset(); }
  /// Leaves the mapping out of every process that is forked from now on: madvise(2), MADV_DONTFORK.
  /// This object's copy there unmaps nothing, for the addresses may be something else's.
  void keep_from_forks() noexcept;

 private:
  SharedMapping(Descriptor descriptor, void* data, std::size_t size) noexcept;
  void unmap() noexcept;
  Descriptor descriptor_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
  std::optional<unsigned> only_in_;  // fork_generation() of the one process that has the mapping
};

}  // namespace brood::platform
