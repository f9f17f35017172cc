// Refused: brood: this cannot be a task: a std::function, or what like it hides which function
// Refused: pass that function itself, or brood::task(function, values...)
#include <memory>
#include <utility>

#include <brood/pool.hpp>

// As std::move_only_function, which is of a later standard.
template <class Signature>
class Movable;
template <class R, class... Args>
class Movable<R(Args...) const noexcept> {
 public:
  R operator()(Args... args) const noexcept { return function_(std::forward<Args>(args)...); }

 private:
  std::unique_ptr<int> state_;
  R (*function_)(Args...) = nullptr;
};

int call(brood::Pool& pool, Movable<int(int) const noexcept> function) {
  return pool.apply(std::move(function), 1);
}
