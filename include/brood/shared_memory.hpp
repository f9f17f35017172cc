#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <brood/detail/shared/handle.hpp>

namespace brood {

/// Bytes that processes share. Memory without a name is freed with its last handle. Memory with a
/// name is the memory that Python's SharedMemory and shm_open(3) have by that name. It stays until
/// its name is unlinked, even if all processes that used it exit or die.
/// All the memory is taken from the system when it is made. Where there is not enough, that throws
/// SystemError (ENOSPC, ENOMEM); there is no SIGBUS later.
/// The size of memory without a name is sealed. Memory with a name cannot be sealed: every process
/// that may open the name can truncate it or free parts of it, and a process that uses these then
/// gets SIGBUS. Brood itself reads and writes none of it. Give a name only where you trust all
/// programs of that user.
/// A handle: a copy, in this process or another, is the same memory. A const handle is like a const
/// pointer: its bytes may be changed.
/// No function blocks. Threads: any. Only one thread at a time may use a byte. Fork: the child has
/// the same memory. Cost: an access is one to ordinary memory.
/// Layout: nothing but the bytes.
class BROOD_API SharedMemory : public detail::SharedHandle {
 public:
  /// Refers to nothing; its size is 0.
  SharedMemory() = default;
  /// `size` new zero bytes without a name. Throws UsageError for 0 bytes; SystemError.
  explicit SharedMemory(std::size_t size);
  /// `size` new zero bytes with a name, for processes of this user (mode 0600). Throws UsageError
  /// for 0 bytes, and for a name that does not have 1 to 255 characters or has a slash;
  /// SystemError, also when the name exists (EEXIST).
  static SharedMemory create(const std::string& name, std::size_t size);
  /// Memory of which user open() accepts. All users of the machine share one space of names.
  /// Another user may have made a name first, and can then change the memory, or shrink it: SIGBUS
  /// here.
  enum class Owner : bool { this_user, any };
  /// The memory that has this name. Takes those pages from the system that its maker has not taken
  /// yet. Throws UsageError as create() does; SystemError, also when there is no such name
  /// (ENOENT), when another user owns it and `owner` is this_user (EPERM), and when it is no plain
  /// file or an empty one (ENODATA).
  static SharedMemory open(const std::string& name, Owner owner = Owner::this_user);
  /// Removes the name. The memory stays as long as a process has a handle of it. Throws UsageError
  /// for what is no name; SystemError.
  static void unlink(const std::string& name);
  /// Removes the name of this memory, likewise.
  void unlink() const { unlink(name_); }

  /// The first byte; null where the handle refers to nothing.
  std::byte* data() const noexcept { return static_cast<std::byte*>(state_); }
  /// The number of bytes; 0 where the handle refers to nothing.
  std::size_t size() const noexcept { return size_; }
  /// Whether the handle refers to nothing.
  bool empty() const noexcept { return size_ == 0; }
  /// The bytes as a range: the first one.
  std::byte* begin() const noexcept { return data(); }
  /// The bytes as a range: behind the last one.
  std::byte* end() const noexcept { return data() + size_; }
  /// A byte. The index is not checked.
  std::byte& operator[](std::size_t index) const noexcept { return data()[index]; }
  /// All the bytes.
  std::span<std::byte> bytes() const noexcept { return {data(), size_}; }
  /// The name; empty where the memory has none.
  const std::string& name() const noexcept { return name_; }

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no SharedMemory.
  void load(InputArchive& archive);

 private:
  friend class detail::UndecodedAccess;
  explicit SharedMemory(detail::Undecoded) {}
  SharedMemory(detail::DescriptorRef descriptor, std::string name);
  std::size_t size_ = 0;
  std::string name_;
};

}  // namespace brood
