#pragma once

#include <memory>
#include <utility>

namespace brood::detail {

/// A callable that is moved once and never copied, however often what holds it is: std::function
/// demands copies, and a promise or a unique_ptr that a lambda has captured has none.
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
