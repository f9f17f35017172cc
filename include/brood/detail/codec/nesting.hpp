#pragma once

#include <cstdint>

#include <brood/detail/export.hpp>
#include <brood/errors.hpp>

namespace brood::detail {

/// The lowest address that stack frames may reach while a value is encoded or decoded from here on:
/// beyond it the value counts as too deeply nested.
BROOD_API std::uintptr_t lowest_frame() noexcept;
[[noreturn]] BROOD_API void throw_too_deep(CodecError::Direction direction);

/// A limit for the nesting of objects in objects: the stack that is left.
/// Cost of a check: one comparison.
class NestingLimit {
 public:
  /// Throws CodecError when no object may be entered here.
  void check(CodecError::Direction direction) const {
    // Not the address of a local variable: a sanitizer may keep those elsewhere.
    const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (frame < lowest_) [[unlikely]]
      throw_too_deep(direction);
  }

 private:
  std::uintptr_t lowest_ = lowest_frame();
};

}  // namespace brood::detail
