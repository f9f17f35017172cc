#pragma once

#include <exception>
#include <string>
#include <type_traits>

#include <brood/codec.hpp>
#include <brood/detail/callable.hpp>

namespace brood {

namespace detail {
/// How an exception type of the user's travels.
struct ExceptionCodec {
  /// Encodes `exception` and returns true if it is of this type. The address of `rethrow` names the type on the wire.
  bool (*encode)(const std::exception& exception, Bytes& target);
  CallEntry rethrow;  ///< decodes the exception and throws it nested over the current one
};
BROOD_API void add_exception(const ExceptionCodec& codec);

template <class E>
bool encode_exception_as(const std::exception& exception, Bytes& target) {
  const E* const typed = dynamic_cast<const E*>(&exception);
  if (typed == nullptr || typeid(*typed) != typeid(E)) return false;
  OutputArchive archive(target);
  if constexpr (std::is_constructible_v<E, std::string> && !cereal::traits::is_output_serializable<E, OutputArchive>::value) {
    archive(std::string(typed->what()));
  } else {
    archive(*typed);
  }
  return true;
}

template <class E>
void rethrow_nested_as(Reader& source) {
  InputArchive archive(source);
  if constexpr (std::is_constructible_v<E, std::string> && !cereal::traits::is_output_serializable<E, OutputArchive>::value) {
    std::string text;
    archive(text);
    std::throw_with_nested(E(text));
  } else {
    E exception{};
    archive(exception);
    std::throw_with_nested(std::move(exception));
  }
}
}  // namespace detail

/// Lets exceptions of type E come back from workers as E, with the TaskError nested. E derives from std::exception and
/// either is constructible from its text or has cereal's serialize (and a default constructor). One line, at namespace
/// scope, so that it holds in every process:
///   const bool registered = brood::register_exception<my::ParseError>();
/// Threads: any.
template <class E>
bool register_exception() {
  static_assert(std::is_base_of_v<std::exception, E>, "brood: a registered exception derives from std::exception");
  detail::add_exception({&detail::encode_exception_as<E>, &detail::rethrow_nested_as<E>});
  return true;
}

}  // namespace brood
