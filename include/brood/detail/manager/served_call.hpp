#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/manager/charge.hpp>
#include <brood/detail/manager/ref.hpp>

// What runs in a manager's server.
namespace brood::detail {

/// A type whose calls may run at the same time says `static constexpr bool concurrent_calls =
/// true;`
template <class T>
concept HasConcurrentCalls = requires {
  requires T::concurrent_calls;
};

/// An object in a server, whatever it is.
struct ServedObject {
  std::shared_ptr<void> object;
  const std::type_info* type = nullptr;
  bool concurrent = false;
  /// Called when the last connection of a process has ended; null where that means nothing.
  void (*forget_process)(void* object, std::uint64_t process) = nullptr;
};

/// One call, in the thread of the server that serves it.
class BROOD_API ServedCall {
 public:
  class State;
  explicit ServedCall(State& state) : state_(state) {}

  Reader& arguments() noexcept;
  /// Throws CodecError when something follows the arguments.
  void end_arguments();
  /// While it lives, no other call of the same object runs, unless its type lets calls run at once.
  class Turn;
  /// Blocks while another call of the same object runs, unless its type lets calls run at once.
  Turn enter();
  /// Throws UsageError when it is no T.
  template <class T>
  T& object() {
    return *static_cast<T*>(address(typeid(T)));
  }
  /// Where the result goes.
  Bytes& result() noexcept;
  /// The result is a proxy of a new object.
  void put_new(ServedObject object);
  /// What the caller's program was charged for the request, for what keeps it; once.
  Charge take_charge();
  State& state() noexcept { return state_; }

 private:
  void* address(const std::type_info& type);

  State& state_;
};

class BROOD_API ServedCall::Turn {
 public:
  explicit Turn(State& state);
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn();

 private:
  State& state_;
};
inline ServedCall::Turn ServedCall::enter() { return Turn(state_); }

/// An object that keeps the charge of a call beside the values that it keeps of the call.
class KeepsCharges {
 public:
  void set_call(ServedCall* call) noexcept { call_ = call; }
  /// Its maker's is the call; hidden by a type that keeps arguments of its maker's.
  void was_made() noexcept {}

 protected:
  Charge take_charge() { return call_ == nullptr ? Charge() : call_->take_charge(); }

 private:
  ServedCall* call_ = nullptr;  // in which it is
};

/// That a call is in an object, where that wants to know it.
template <class T>
class InCall {
 public:
  InCall(T& object, ServedCall& call) noexcept : object_(object) { set(&call); }
  InCall(const InCall&) = delete;
  InCall& operator=(const InCall&) = delete;
  ~InCall() { set(nullptr); }

 private:
  void set([[maybe_unused]] ServedCall* call) noexcept {
    if constexpr (std::derived_from<T, KeepsCharges>) object_.set_call(call);
  }
  T& object_;
};

/// Calls with the object as it is and the arguments as rvalues, or as lvalues where the function
/// wants to change them.
template <class F, class T, class... A>
decltype(auto) call_on_object(F& function, T& object, A&... values) {
  if constexpr (std::is_invocable_v<F&, T&, A&&...>) {
    return std::invoke(function, object, std::move(values)...);
  } else {
    static_assert(std::is_invocable_v<F&, T&, A&...>,
                  "brood: this function cannot be called with the object and these arguments. They "
                  "arrive as values: a string literal or a view of text as std::string, which no "
                  "const char* parameter takes");
    return std::invoke(function, object, values...);
  }
}
template <class F, class T, class... A>
using object_result_t =
    decltype(call_on_object(std::declval<F&>(), std::declval<T&>(), std::declval<A&>()...));
/// The type of the value that the caller gets for a result.
template <class R>
struct Returned {
  using type = stored_t<R>;
};
template <>
struct Returned<void> {
  using type = void;
};
template <class R>
using returned_value_t = typename Returned<R>::type;

template <class F, class T, class... A>
void answer(ServedCall& call, F& function, T& object, std::tuple<A...>& values) {
  using R = object_result_t<F, T, A...>;
  const auto invoke = [&](A&... value) -> decltype(auto) {
    return call_on_object(function, object, value...);
  };
  const InCall in_call(object, call);
  if constexpr (std::is_void_v<R>) {
    std::apply(invoke, values);
  } else {
    put_argument<stored_t<R>>(call.result(), std::apply(invoke, values));
  }
}

/// Proxy<T>::call<Method>(args...)
template <class T, auto Method, class... A>
void run_method(ServedCall& call) {
  std::tuple<A...> values{decode_value<A>(call.arguments())...};
  call.end_arguments();
  const auto guard = call.enter();
  auto method = Method;
  answer(call, method, call.object<T>(), values);
}

/// Proxy<T>::apply(f, args...)
template <class T, class F, class... A>
void run_function(ServedCall& call) {
  F function{};
  InputArchive archive(call.arguments());
  load_callable(archive, function);
  std::tuple<A...> values{decode_value<A>(call.arguments())...};
  call.end_arguments();
  const auto guard = call.enter();
  answer(call, function, call.object<T>(), values);
}

/// Manager::make<T>(args...)
template <class T, class... A>
void run_make(ServedCall& call) {
  std::tuple<A...> values{decode_value<A>(call.arguments())...};
  call.end_arguments();
  const auto make = [](A&... value) {
    if constexpr (std::is_constructible_v<T, A&&...>) {
      return std::make_shared<T>(std::move(value)...);
    } else {
      return std::shared_ptr<T>(new T{std::move(value)...});
    }
  };
  const std::shared_ptr<T> made = std::apply(make, values);
  if constexpr (std::derived_from<T, KeepsCharges>) {
    const InCall in_call(*made, call);
    made->was_made();
  }
  call.put_new({made, &typeid(T), HasConcurrentCalls<T>});
}

}  // namespace brood::detail
