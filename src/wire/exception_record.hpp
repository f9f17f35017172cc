#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <brood/codec.hpp>
#include <brood/exception.hpp>

// What of an exception is on the wire; private to exception_*.cpp.
namespace brood::wire {

/// What a standard exception carries besides its text. What a sender left out reads as 0 or empty.
struct ExceptionDetails {
  std::vector<std::int64_t> numbers;
  std::vector<std::string> texts;

  template <class Number>
  Number number(std::size_t index) const {
    return index < numbers.size() ? static_cast<Number>(numbers[index]) : Number{};
  }
  std::string text(std::size_t index) const {
    return index < texts.size() ? texts[index] : std::string();
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(numbers, texts);
  }
};

struct ExceptionRecord {
  enum class Match : std::uint8_t { none, exact, base };

  std::string type, text, stack_trace;
  Match match = Match::none;  // of `standard` with the type
  std::uint8_t standard = 0;  // position in standard_exceptions()
  ExceptionDetails details;
  std::vector<std::byte> registered;  // code reference and payload of a registered type, else empty

  template <class Archive>
  void serialize(Archive& archive) {
    archive(type, text, stack_trace, match, standard, details, registered);
  }
};

/// An exception and its nested causes, the outermost first. Never longer than longest_chain.
using ExceptionChain = std::vector<ExceptionRecord>;
inline constexpr std::size_t longest_chain = 64;

/// Cut where it is long: for what is told in passing.
std::string shortened(std::string_view text);

enum class Depth : std::uint8_t { complete, text_only };
ExceptionChain chain_of(std::exception_ptr exception, Depth depth);
/// Throws CodecError.
ExceptionChain take_chain(std::span<const std::byte> bytes);

/// One of the types that come back as themselves.
struct StandardException {
  const char* name;
  bool (*is_exactly)(const std::exception& exception);
  bool (*is_a)(const std::exception& exception);
  void (*save)(const std::exception& exception, ExceptionDetails& details);
  /// Throws it nested over the current exception.
  void (*rethrow)(const std::string& text, const ExceptionDetails& details);
  bool is_base_of_task_error;
};
/// Derived types stand before their bases; the last is std::exception.
std::span<const StandardException> standard_exceptions() noexcept;

/// The registered type that encodes `exception`, appended to `payload`; null if there is none.
const detail::ExceptionCodec* encode_registered(const std::exception& exception,
                                                detail::Bytes& payload);
bool is_registered(detail::CallEntry rethrow) noexcept;

}  // namespace brood::wire
