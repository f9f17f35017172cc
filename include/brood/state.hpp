#pragma once

#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <brood/call.hpp>
#include <brood/task.hpp>
#include <brood/this_worker.hpp>

namespace brood {

namespace detail {
template <class T, class... Args>
void make_worker_state(Args&... args) {
  if constexpr (std::is_constructible_v<T, Args&&...>) {
    set_worker_state(typeid(T), std::make_shared<T>(std::move(args)...));
  } else {
    set_worker_state(typeid(T), std::shared_ptr<T>(new T{std::move(args)...}));
  }
}
}  // namespace detail

/// For PoolOptions::state: each worker makes a T of these arguments, once, before its first task.
/// They travel as those of a call do. The T itself does not travel, and need not be copyable. It is
/// destroyed behind the exit hooks where its worker leaves in order, and not where that is stopped.
///   brood::Pool pool({.state = brood::state<Model>(path)});
///   pool.map([](const Image& image) { return brood::this_worker::state<Model>().classify(image);
///   }, images);
/// Blocking: no. Throws CodecError for arguments that cannot be encoded. Threads: any. Cost:
/// encodes the arguments.
template <class T, class... Args>
Call state(Args&&... args) {
  using Make = void (*)(detail::stored_t<Args> & ...);
  const Make make = &detail::make_worker_state<T, detail::stored_t<Args>...>;
  return Call(task(make, std::forward<Args>(args)...));
}

}  // namespace brood
