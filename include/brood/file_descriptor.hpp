#pragma once

#include <brood/detail/descriptor_ref.hpp>
#include <brood/detail/export.hpp>

namespace brood {

/// A descriptor of the program's own that may travel like a value: a file, a socket, an end of a
/// pipe. The other process gets a number of its own for the same open file. A handle: the number is
/// closed when its last copy in this process goes.
/// Threads: any. Fork: as a Connection.
class BROOD_API FileDescriptor {
 public:
  /// Refers to nothing.
  FileDescriptor() = default;
  /// Copies `number`, which stays the caller's. Throws SystemError.
  explicit FileDescriptor(int number);

  /// The number in this process. Throws UsageError when it refers to nothing.
  int get() const;
  /// A number that the caller has to close. Throws SystemError, UsageError.
  int duplicate() const;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 private:
  detail::DescriptorRef descriptor_;
};

}  // namespace brood
