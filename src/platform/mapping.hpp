#pragma once

#include <cstddef>

#include "platform/descriptor.hpp"

namespace brood::platform {

/// Memory shared between processes, without a name: it is gone with the last process that maps it.
class SharedMapping {
 public:
  SharedMapping() = default;
  SharedMapping(SharedMapping&& other) noexcept;
  SharedMapping& operator=(SharedMapping&& other) noexcept;
  ~SharedMapping();

  /// `size` zero bytes in a new memfd. Throws SystemError.
  static SharedMapping create(const char* label, std::size_t size);
  /// Maps `size` bytes of an existing memfd. Throws SystemError, also when it is smaller.
  static SharedMapping open(Descriptor descriptor, std::size_t size);
  /// Maps all of a file that somebody else has open, as large as it is now. Throws SystemError.
  static SharedMapping whole(int file);

  void* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  const Descriptor& descriptor() const noexcept { return descriptor_; }
  /// Closes the descriptor; the mapping stays.
  void drop_descriptor() noexcept { descriptor_.reset(); }

 private:
  SharedMapping(Descriptor descriptor, void* data, std::size_t size) noexcept;
  void unmap() noexcept;
  Descriptor descriptor_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace brood::platform
