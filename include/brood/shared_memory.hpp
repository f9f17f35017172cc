#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <brood/detail/shared_handle.hpp>

namespace brood {

/// Bytes that processes share. Without a name they are gone with the last handle. With one they are
/// what Python's SharedMemory and shm_open have by that name, and stay until somebody unlinks it:
/// whoever exits or dies takes nothing along.
/// All the memory is taken from the system at once: where there is not enough, that is a
/// SystemError (ENOSPC, ENOMEM) then, and never a SIGBUS later.
/// Without a name its size is sealed. With one nothing can seal it: every process that may open the
/// name can truncate the memory or give parts of it back, and whatever touches these then gets
/// SIGBUS. Brood itself reads and writes none of it. Give a name only where all of that user's
/// programs can be trusted.
/// A handle: a copy, in this process or another, is the same memory. What shares it is const like a
/// pointer.
/// Threads: any, each byte by one at a time. Fork: the child has the same memory.
/// Layout: nothing but the bytes.
class BROOD_API SharedMemory : public detail::SharedHandle {
 public:
  /// Refers to nothing; its size is 0.
  SharedMemory() = default;
  explicit SharedMemory(detail::Undecoded) {}
  /// New zero bytes without a name. Throws UsageError for none, SystemError.
  explicit SharedMemory(std::size_t size);
  /// New zero bytes with a name, for processes of this user (mode 0600). Throws UsageError for none
  /// and for what is no name (it is up to 255 characters without a slash), SystemError, also when
  /// there is such a name (EEXIST).
  static SharedMemory create(const std::string& name, std::size_t size);
  /// Whose memory open() takes. Names are for all users of the machine: another one may have been
  /// first with a name, and can then change or shrink what is behind it, a SIGBUS here.
  enum class Owner : bool { this_user, any };
  /// The memory that has this name; what another program has not taken of it is taken now. Throws
  /// UsageError, SystemError, also when there is none (ENOENT), when another user owns it and that
  /// was not asked for (EPERM), and when it is no plain file or an empty one (ENODATA).
  static SharedMemory open(const std::string& name, Owner owner = Owner::this_user);
  /// Takes the name away; the memory stays as long as somebody has it. Throws UsageError,
  /// SystemError.
  static void unlink(const std::string& name);
  void unlink() const { unlink(name_); }

  std::byte* data() const noexcept { return static_cast<std::byte*>(state_); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::byte* begin() const noexcept { return data(); }
  std::byte* end() const noexcept { return data() + size_; }
  std::byte& operator[](std::size_t index) const noexcept { return data()[index]; }
  std::span<std::byte> bytes() const noexcept { return {data(), size_}; }
  /// Empty where it has none.
  const std::string& name() const noexcept { return name_; }

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 private:
  SharedMemory(detail::DescriptorRef descriptor, std::string name);
  std::size_t size_ = 0;
  std::string name_;
};

}  // namespace brood
