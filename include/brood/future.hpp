#pragma once

#include <exception>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>

#include <brood/async_result.hpp>

// For AsyncResult::future().
namespace brood {

/// How an AsyncResult<R> becomes a std::future. Threads: as AsyncResult.
template <class R>
struct FutureOf {
  /// What it becomes.
  using type = std::future<R>;
  /// As AsyncResult::future(), but the result stays as it is.
  static type from(AsyncResult<R>& result) {
    const auto promise = std::make_shared<std::promise<R>>();
    type made = promise->get_future();
    if (result.ready()) {
      settle(*promise, [&result]() -> R { return result.get(); });
    } else {
      result.on_done([promise](Outcome<R> outcome) {
        settle(*promise, [&outcome]() -> R { return std::move(outcome).value(); });
      });
    }
    return made;
  }

 private:
  template <class Get>
  static void settle(std::promise<R>& promise, Get get) {
    try {
      if constexpr (std::is_void_v<R>) {
        get();
        promise.set_value();
      } else {
        promise.set_value(get());
      }
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }
};

}  // namespace brood
