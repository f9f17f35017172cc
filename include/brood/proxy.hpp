#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <brood/detail/codec/callable.hpp>
#include <brood/detail/manager/ref.hpp>
#include <brood/detail/manager/served_call.hpp>

namespace brood {

namespace detail {
/// What a method takes, as values.
template <class M>
struct ValuesOf;
template <class C, class V>
struct ValuesOf<V C::*> {
  using type = std::tuple<>;  // a data member: its value comes back
};
#define BROOD_VALUES_OF(qualifiers)                     \
  template <class R, class C, class... A>               \
  struct ValuesOf<R (C::*)(A...) qualifiers> {          \
    using type = std::tuple<stored_t<A>...>;            \
  };                                                    \
  template <class R, class C, class... A>               \
  struct ValuesOf<R (C::*)(A...) qualifiers noexcept> { \
    using type = std::tuple<stored_t<A>...>;            \
  };
BROOD_VALUES_OF()
BROOD_VALUES_OF(const)
BROOD_VALUES_OF(&)
BROOD_VALUES_OF(const&)
#undef BROOD_VALUES_OF
/// A function with the object as its first parameter.
template <class R, class T, class... A>
struct ValuesOf<R (*)(T, A...)> {
  using type = std::tuple<stored_t<A>...>;
};
template <class R, class T, class... A>
struct ValuesOf<R (*)(T, A...) noexcept> : ValuesOf<R (*)(T, A...)> {};

/// What the caller gets of a method that is called with these values.
template <class T, auto Method, class Values = typename ValuesOf<decltype(Method)>::type>
struct MethodResult;
template <class T, auto Method, class... A>
struct MethodResult<T, Method, std::tuple<A...>> {
  using type = returned_value_t<object_result_t<decltype(Method), T, A...>>;
};

template <class R, class T, auto Method, class... A, class... Args>
R call_method(std::tuple<A...>*, const ManagedRef& object, const Args&... arguments) {
  static_assert(sizeof...(A) == sizeof...(Args),
                "brood: a call by proxy takes one argument for each parameter of the method; "
                "default arguments do not count");
  Bytes request = begin_request(object, &run_method<T, Method, A...>);
  (put_argument<A>(request, arguments), ...);
  const Reply reply = send_request(object, request);
  if constexpr (!std::is_void_v<R>) return reply.template get<R>();
}
}  // namespace detail

/// An object in a manager's server, made by Manager::make.
///   auto counter = manager.make<Counter>(7);
///   int now = counter.call<&Counter::add>(3);
/// A handle: a copy, in this process or another, is the same object, and == tells whether
/// two handles are of the same one. It may be sent wherever a value may. The object lives as long
/// as a handle of it exists, and no longer than the server. Calls of one object run one after the
/// other, unless its type has `static constexpr bool concurrent_calls = true;`. Without that, an
/// object that calls itself by a proxy waits for itself for ever. Threads: any number, in any
/// number of processes. Fork: the child has the same object. Cost: that of call().
template <class T>
class Proxy : public detail::ManagedRef {
 public:
  /// What call<Method>() returns: the type of the method's result, as a value.
  template <auto Method>
  using CallResult = typename detail::MethodResult<T, Method>::type;
  /// What apply(function, arguments...) returns: the type of the function's result, as a value.
  template <class F, class... Args>
  using FunctionResult = detail::returned_value_t<
      detail::object_result_t<std::decay_t<F>, T, detail::stored_t<Args>...>>;

  /// Refers to nothing; every call throws UsageError.
  Proxy() = default;

  /// Calls a method in the server: `call<&T::method>(arguments...)`. A function with a T& as first
  /// parameter serves as a method; a pointer to a data member returns its value. A method that
  /// returns a reference gives a copy. Blocks until the method has returned.
  /// Throws what the method threw, in its own type, with the TaskError nested as from a pool;
  /// CodecError; QuotaError for a remote program; SystemError when the server has ended, whether
  /// the method ran or not. Cost: two messages, some 20 µs, and a descriptor for each waiting
  /// thread.
  template <auto Method, class... Args>
  CallResult<Method> call(const Args&... arguments) const {
    using Parameters = typename detail::ValuesOf<decltype(Method)>::type;
    return detail::call_method<CallResult<Method>, T, Method>(static_cast<Parameters*>(nullptr),
                                                              *this, arguments...);
  }
  /// As call(), but runs `function(object, arguments...)` in the server, while no other call of the
  /// object runs. `function` is what a task may be: a function, a captureless lambda, a
  /// brood::task, a brood::copied.
  template <class F, class... Args>
  FunctionResult<F, Args...> apply(const F& function, const Args&... arguments) const {
    using Function = std::decay_t<F>;
    using R = FunctionResult<F, Args...>;
    detail::check_task<Function>();
    detail::Bytes request =
        begin_request(*this, &detail::run_function<T, Function, detail::stored_t<Args>...>);
    OutputArchive archive(request);
    detail::save_callable(archive, detail::decayed(function));
    (detail::put_argument<detail::stored_t<Args>>(request, arguments), ...);
    const detail::Reply reply = send_request(*this, request);
    if constexpr (!std::is_void_v<R>) return reply.template get<R>();
  }

  /// Whether it refers to an object.
  using detail::ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using detail::ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using detail::ManagedRef::load;

 private:
  friend class ObjectFactory;
  explicit Proxy(detail::ManagedRef object) : ManagedRef(std::move(object)) {}
};

}  // namespace brood
