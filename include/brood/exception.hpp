#pragma once

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>

namespace brood {

namespace detail {
/// How an exception of a registered type is sent.
struct ExceptionCodec {
  /// Encodes `exception` and returns true if it is of this type.
  bool (*encode)(const std::exception& exception, Bytes& target);
  /// Decodes the exception and throws it nested over the current one. Its address names the type on
  /// the wire.
  CallEntry rethrow;
};
BROOD_API void add_exception(const ExceptionCodec& codec);

/// An E that says what the E in the worker said, where an E made again would say something else.
template <class E>
class WithMessage : public E {
 public:
  WithMessage(const E& made_again, std::string told)
      : E(made_again), text_(std::make_shared<const std::string>(std::move(told))) {}
  const char* what() const noexcept override { return text_->c_str(); }

 private:
  std::shared_ptr<const std::string> text_;  // shared: copying an exception must not throw
};

/// Throws `exception` with the current exception nested in it.
template <class E>
[[noreturn]] void throw_with_message(const E& exception, const std::string& text) {
  if constexpr (!std::is_final_v<E>) {
    const char* const own = exception.what();
    if (own == nullptr || own != text) std::throw_with_nested(WithMessage<E>(exception, text));
  }
  std::throw_with_nested(E(exception));
}

/// Whether `exception` is an E and no user's class derived from it; std::throw_with_nested's own
/// wrapping apart.
template <class E>
bool is_exactly(const std::exception& exception) noexcept {
  const std::type_info& type = typeid(exception);
  if (type == typeid(E)) return true;
#ifdef __GLIBCXX__
  if constexpr (!std::is_final_v<E> && !std::is_base_of_v<std::nested_exception, E>) {
    // The second is what throw_with_nested(constant) throws in some versions.
    return type == typeid(std::_Nested_exception<E>) ||
           type == typeid(std::_Nested_exception<const E>) || type == typeid(WithMessage<E>) ||
           type == typeid(std::_Nested_exception<WithMessage<E>>);
  }
#endif
  return false;
}

/// Made again from its text alone, for want of a serializer.
template <class E>
inline constexpr bool is_text_exception =
    std::is_constructible_v<E, std::string> &&
    !cereal::traits::is_output_serializable<E, OutputArchive>::value;

template <class E>
bool encode_exception_as(const std::exception& exception, Bytes& target) {
  if (!is_exactly<E>(exception)) return false;
  const char* const text = exception.what();
  encode_value(target, std::string(text != nullptr ? text : ""));
  if constexpr (!is_text_exception<E>) encode_value(target, dynamic_cast<const E&>(exception));
  return true;
}

template <class E>
void rethrow_nested_as(Reader& source) {
  const auto text = decode_value<std::string>(source);
  if constexpr (is_text_exception<E>) {
    throw_with_message(E(text), text);
  } else {
    throw_with_message(decode_value<E>(source), text);
  }
}
}  // namespace detail

/// Registers E: an exception of type E that a task throws is then thrown to the caller as E, with
/// the TaskError nested in it unless E is final. E derives from std::exception, and is
/// constructible from its text or has cereal's serialize() and a default constructor. Write one
/// line at namespace scope, so that every process registers the type:
///   const bool registered = brood::register_exception<my::ParseError>();
/// Returns true. A second registration of a type does nothing. The shared library that registers a
/// type must stay loaded. Does not block. Throws std::bad_alloc. Threads: any. Cost: an entry of a
/// table, which each exception of a task is looked up in.
template <class E>
bool register_exception() {
  static_assert(std::is_base_of_v<std::exception, E>,
                "brood: a registered exception derives from std::exception");
  static_assert(!std::is_base_of_v<std::exception, E> || detail::is_text_exception<E> ||
                    (detail::travels<E> && std::is_default_constructible_v<E>),
                "brood: give this exception a constructor from its text (a std::string), or a "
                "cereal serialize() function "
                "and a default constructor");
  detail::add_exception({&detail::encode_exception_as<E>, &detail::rethrow_nested_as<E>});
  return true;
}

}  // namespace brood
