#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace brood::platform {

/// What a rule asks of one argument of a call: (argument & mask) == value. A mask of 32 bits is
/// right for what the kernel takes for an int: it does not look at the other half.
struct ArgumentIs {
  unsigned index;
  std::uint64_t mask, value;
};

/// A list of system calls for seccomp(2). The first rule that fits a call decides; a call that none
/// fits is refused: SIGSYS, which ends the process unless it is handled, and the call is not made.
/// A call of another kind of program (32 bits) ends the process at once.
class SeccompFilter {
 public:
  SeccompFilter();
  /// Allows the call if all of these hold. A name that this processor does not have is left out.
  void allow(std::string_view call, std::initializer_list<ArgumentIs> if_all = {});
  /// Lets it fail with that errno instead.
  void fail(std::string_view call, int error, std::initializer_list<ArgumentIs> if_all = {});
  /// For all threads of this process, for ever. They must have no new privileges: prctl(2). Throws
  /// SystemError.
  void install();

 private:
  void add(std::string_view call, std::uint32_t answer, std::initializer_list<ArgumentIs> if_all);
  std::vector<sock_filter> program_;
};

}  // namespace brood::platform
