#pragma once

#include <memory>
#include <utility>

namespace brood::detail {

/// A callable that is moved once and never copied, even if its holder is copied. std::function
/// copies its callable, which a lambda that has captured a promise or a unique_ptr does not allow.
template <class F>
class SharedCallable {
 public:
  explicit SharedCallable(F function) : function_(std::make_shared<F>(std::move(function))) {}

  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    return (*function_)(std::forward<Args>(args)...);
  }

 private:
  std::shared_ptr<F> function_;
};

}  // namespace brood::detail
