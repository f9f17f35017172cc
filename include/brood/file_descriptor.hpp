#pragma once

#include <brood/detail/codec/descriptor_ref.hpp>
#include <brood/detail/export.hpp>

namespace brood {

/// A file descriptor of the program that can be sent like a value: of a file, a socket, an end of a
/// pipe. The other process gets a number of its own for the same open file. A handle: the number is
/// closed when its last copy in this process is destroyed.
/// Threads: any. Fork: as for a Connection.
class BROOD_API FileDescriptor {
 public:
  /// Refers to nothing.
  FileDescriptor() = default;
  /// Duplicates `number`, which the caller still has to close. Throws SystemError.
  explicit FileDescriptor(int number);

  /// The number in this process. Do not close it. Throws UsageError where the handle refers to
  /// nothing.
  int get() const;
  /// A new number for the same open file, which the caller has to close. Throws SystemError;
  /// UsageError where the handle refers to nothing.
  int duplicate() const;

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no FileDescriptor.
  void load(InputArchive& archive);

 private:
  detail::DescriptorRef descriptor_;
};

}  // namespace brood
