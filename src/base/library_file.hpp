#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/module.hpp"

namespace brood::base {

/// Throws CodecError: a library cannot be loaded in this process.
[[noreturn]] void throw_not_loadable(const std::string& reason);

/// The build-id in the notes of a PT_NOTE segment, see elf(5); zero where there is none.
BuildId build_id_in_notes(std::span<const std::uint8_t> notes, std::uint64_t alignment) noexcept;

/// What stands for the build-id of a module without one: two FNV-1a sums of its code with different
/// starts. Not against malice, only against mixing up two builds.
class CodeHash {
 public:
  void add(std::span<const std::uint8_t> code) noexcept;
  BuildId id() const noexcept;

 private:
  std::uint64_t sums_[2] = {0xcbf29ce484222325u, 0x84222325cbf29ce4u};
};

/// The file of a shared library, open for reading. Nothing in it is trusted: it is read in pieces
/// of bounded size, not mapped.
class LibraryFile {
 public:
  /// Throws CodecError unless `path` is absolute and names a regular file that can be read.
  explicit LibraryFile(const std::string& path);
  ~LibraryFile();
  LibraryFile(const LibraryFile&) = delete;
  LibraryFile& operator=(const LibraryFile&) = delete;

  int number() const noexcept { return number_; }
  /// What Module::id will be. Throws CodecError for what is no library of this kind of machine.
  BuildId build_id() const;

 private:
  std::string path_;
  int number_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace brood::base
