#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace brood::platform {

/// Overwrites what a compiler would take for dead.
void wipe(std::span<std::byte> bytes) noexcept;
/// With all of its capacity; it is empty then.
void wipe(std::string& text) noexcept;

/// After a key has been used here: overwrites what calls have left of it below this frame and in
/// the registers that copy memory, from where it would get to the stack of a thread that is
/// started, or of one that is interrupted. Best effort.
void wipe_traces() noexcept;

/// Bytes of a key, on pages of their own: they are in no core file, a forked child has zeros
/// instead, and the end wipes them. Threads: as for a vector.
class SecretBytes {
 public:
  /// None.
  SecretBytes() = default;
  /// Zeros. Throws SystemError.
  explicit SecretBytes(std::size_t size);
  explicit SecretBytes(std::span<const std::byte> source);
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  std::span<std::byte> bytes() const noexcept { return {data_, size_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  void release() noexcept;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace brood::platform
