#pragma once

#include <new>
#include <type_traits>
#include <utility>

namespace brood::pool {

/// Keeps a change that an exception has left halfway from being taken for one that was made: an
/// element would be in no list any more, and its call would wait for ever. The exception can only
/// be one for memory.
class Integrity {
 public:
  /// What `body` returns, which changes what this stands for. Throws what `body` does, and from
  /// then on always std::bad_alloc.
  template <class Body>
  auto change(Body body) {
    if (std::exchange(torn_, true)) throw std::bad_alloc();
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      torn_ = false;
    } else {
      auto result = body();
      torn_ = false;
      return result;
    }
  }
  /// Whether a change has been left halfway.
  bool is_torn() const noexcept { return torn_; }

 private:
  bool torn_ = false;  // or a change is under way
};

}  // namespace brood::pool
