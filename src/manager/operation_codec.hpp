#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <brood/detail/manager/ref.hpp>
#include <brood/detail/manager/served_call.hpp>
#include "manager/operations.hpp"

// How the operations are called: encodes and decodes what their declarations say.
namespace brood::manager {

/// A client gives it for an AnyValue: what it appends to the request itself.
struct ValueFollows {};

// In the server: the value is what is left of the request.
AnyValue take_value(ServedCall& call);
void put_value(ServedCall& call, const AnyValue& value);

template <class T>
T take_argument(ServedCall& call) {
  if constexpr (std::is_same_v<T, AnyValue>) {
    return take_value(call);
  } else {
    return detail::decode_value<T>(call.arguments());
  }
}
template <class R>
void put_result(ServedCall& call, R result) {
  if constexpr (std::is_same_v<R, NewObject>) {
    call.put_new(std::move(result));
  } else if constexpr (std::is_same_v<R, AnyValue>) {
    put_value(call, result);
  } else if constexpr (std::is_same_v<R, std::optional<AnyValue>>) {
    detail::encode_value(call.result(), result.has_value());
    if (result) put_value(call, *result);
  } else {
    detail::encode_value(call.result(), result);
  }
}

/// What a client gets for a result: a Reply where the type of the value is only known to its
/// caller.
template <class R>
struct ClientResult {
  using type = R;
};
template <>
struct ClientResult<NewObject> {
  using type = detail::ManagedRef;
};
template <>
struct ClientResult<AnyValue> {
  using type = detail::Reply;
};
template <>
struct ClientResult<std::optional<AnyValue>> {
  using type = detail::Reply;
};

template <auto Function, class Type = decltype(Function)>
struct Operation;
template <auto Function, class R, class... Args>
struct Operation<Function, R (*)(ServedCall&, Args...)> {
  using Result = typename ClientResult<R>::type;

  /// In the server.
  static void serve(ServedCall& call) {
    std::tuple<std::decay_t<Args>...> arguments{take_argument<std::decay_t<Args>>(call)...};
    if constexpr (!takes_value) call.end_arguments();
    const auto run = [&](auto&... values) { return Function(call, std::move(values)...); };
    if constexpr (std::is_void_v<R>) {
      std::apply(run, arguments);
    } else {
      put_result<R>(call, std::apply(run, arguments));
    }
  }

  /// In a client.
  template <class... Given>
  static detail::Bytes begin(const detail::ManagedRef& object, const Given&... given) {
    static_assert(sizeof...(Given) == sizeof...(Args),
                  "brood: an operation is called with all of its arguments");
    detail::Bytes request = detail::begin_request(object, &serve);
    (put_argument<std::decay_t<Args>>(request, given), ...);
    return request;
  }
  static Result send(const detail::ManagedRef& object, const detail::Bytes& request) {
    detail::Reply reply = detail::send_request(object, request);
    if constexpr (std::is_same_v<Result, detail::Reply>) {
      return reply;
    } else if constexpr (!std::is_void_v<Result>) {
      return reply.template get<Result>();
    }
  }

 private:
  static constexpr bool takes_value = (std::is_same_v<std::decay_t<Args>, AnyValue> || ...);

  template <class T, class Given>
  static void put_argument(detail::Bytes& request, const Given& given) {
    constexpr bool is_value = std::is_same_v<T, AnyValue>;
    static_assert(is_value == std::is_same_v<Given, ValueFollows>,
                  "brood: ValueFollows stands for an AnyValue, and for nothing else");
    if constexpr (!is_value) detail::put_argument<T>(request, given);
  }
};

/// `call_operation<&LockOperations::acquire>(lock, patience)`
template <auto Function, class... Given>
typename Operation<Function>::Result call_operation(const detail::ManagedRef& object,
                                                    const Given&... given) {
  return Operation<Function>::send(object, Operation<Function>::begin(object, given...));
}

}  // namespace brood::manager
