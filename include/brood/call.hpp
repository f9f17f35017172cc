#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include <brood/detail/bytes.hpp>
#include <brood/detail/export.hpp>

namespace brood {

namespace detail {
class CallAccess;
// Encodes a function for a Call; brood/task.hpp has the one that does.
template <class F, class = void>
struct CallEncoder {
  static_assert(!std::is_same_v<F, F>,
                "brood: to make an initializer or hook of a function, include <brood/task.hpp>");
};
}  // namespace detail

/// An encoded call of a function without parameters: an initializer, a preload hook. To make one,
/// include brood/task.hpp. Threads: as any value.
class Call {
 public:
  /// Calls nothing.
  Call() = default;
  /// Encodes `function`, which may be a task and takes no arguments. Its return value is dropped.
  /// Throws what encoding its bound values throws.
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, Call>>>
  Call(const F& function) {
    take(detail::CallEncoder<std::decay_t<F>>::encode(function));
  }

  /// Whether it calls nothing.
  bool empty() const noexcept { return encoded_.empty(); }

 private:
  friend class detail::CallAccess;
  BROOD_API void take(const detail::Bytes& bytes);

  std::vector<std::byte> encoded_;
  std::vector<detail::DescriptorRef> attached_;  // of shared objects among the bound values
};

namespace detail {
/// What the library reads of a Call.
class CallAccess {
 public:
  static std::span<const std::byte> encoded(const Call& call) noexcept {
    return {call.encoded_.data(), call.encoded_.size()};
  }
  static std::span<const DescriptorRef> attached(const Call& call) noexcept {
    return {call.attached_.data(), call.attached_.size()};
  }
};
}  // namespace detail

}  // namespace brood
