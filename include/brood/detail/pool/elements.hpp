#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <brood/codec.hpp>
#include <brood/detail/codec/call_with.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/pool/job.hpp>
#include <brood/detail/ranges.hpp>

// From values to the encoded arguments of a job, always in the calling thread.
namespace brood::detail {

/// A map's elements have a constant key, which could not be read into.
template <class T>
struct WithoutConstant {
  using type = T;
};
template <class K, class V>
struct WithoutConstant<std::pair<const K, V>> {
  using type = std::pair<K, V>;
};
template <class Range>
struct ElementOf {
  using type = typename WithoutConstant<stored_t<std::ranges::range_value_t<Range>>>::type;
};
template <class Range>
using element_t = typename ElementOf<Range>::type;

/// Whether the caller's memory outlives the encoding, so that it may be borrowed.
enum class Lifetime : bool { until_return, unknown };
inline constexpr std::size_t worth_borrowing = std::size_t{64} << 10;  // bytes

/// Encodes an argument as the T that is stored of it. A large string or vector of numbers, or a
/// view of one, is borrowed where that is possible.
template <class T, class Value>
void encode_argument(Payload& target, const Value& value, Lifetime lifetime) {
  if constexpr (is_flat_sequence<T> && (std::is_same_v<T, Value> || is_view_of<Value, T>)) {
    const auto memory = std::as_bytes(std::span(value.data(), value.size()));
    if (lifetime == Lifetime::until_return && memory.size() >= worth_borrowing) {
      const std::uint64_t count = value.size();
      target.owned().append(&count, sizeof count);
      return target.borrow(memory);
    }
  }
  encode_value<T>(target.owned(), as_stored<T>(value));
}

template <class T>
void append_element(Elements& elements, const T& value) {
  Bytes& bytes = elements.payload.owned();
  if constexpr (is_flat<T>) {
    bytes.append(&value, sizeof value);
  } else {
    const std::size_t start = bytes.size();
    bytes.extend(sizeof(std::uint64_t));
    encode_value(bytes, value);
    const std::uint64_t length = bytes.size() - start - sizeof(std::uint64_t);
    std::memcpy(bytes.data() + start, &length, sizeof length);
    elements.ends.push_back(bytes.size());
  }
  ++elements.count;
}

template <class T, class Iterator>
void append_from(Elements& elements, const Iterator& position) {
  append_element<T>(elements, as_stored<T>(*position));
}

/// How long the input of a call may be borrowed that writes results to `output` meanwhile. Where
/// both are the same memory, the result of an element takes the place of its own argument, which
/// has been used then; where they only overlap, it would take that of another's.
template <class Range>
Lifetime lifetime_beside(Range& range, std::span<const std::byte> output) {
  if constexpr (std::ranges::contiguous_range<Range&> && std::ranges::sized_range<Range&>) {
    const auto input = std::as_bytes(std::span(std::ranges::data(range), std::ranges::size(range)));
    const std::less<const std::byte*> before;
    const bool overlap = before(input.data(), output.data() + output.size()) &&
                         before(output.data(), input.data() + input.size());
    const bool same = input.data() == output.data() && input.size() == output.size();
    if (overlap && !same) return Lifetime::unknown;
  }
  return Lifetime::until_return;
}

template <class Range>
Elements encode_range(Range& range, [[maybe_unused]] Lifetime lifetime) {
  using T = element_t<Range>;
  check_value<T>();
  Elements elements;
  if constexpr (is_flat<T>) elements.stride = sizeof(T);
  if constexpr (is_flat<T> && std::contiguous_iterator<std::ranges::iterator_t<Range>> &&
                std::ranges::sized_range<Range>) {
    const std::span<const T> memory(std::to_address(std::ranges::begin(range)),
                                    static_cast<std::size_t>(std::ranges::size(range)));
    elements.count = memory.size();
    if (lifetime == Lifetime::until_return) {
      elements.payload = Payload::borrowing(std::as_bytes(memory));
    } else {
      elements.payload.owned().append(memory.data(), memory.size_bytes());
    }
  } else {
    const auto end = std::ranges::end(range);
    for (auto position = std::ranges::begin(range); position != end; ++position)
      append_from<T>(elements, position);
  }
  return elements;
}

/// The inputs of an imap: an iterator and its end, with the range they belong to.
class Source {
 public:
  virtual ~Source() = default;
  /// Encodes up to `count` inputs behind `target`; false when the range has no more. Throws what
  /// the range throws; the inputs before that are in `target`.
  virtual bool pull(Elements& target, std::size_t count) = 0;
  /// How many inputs there are, as the range says before they are taken; 0: it does not say.
  virtual std::size_t size() const noexcept = 0;
};

template <class Range>
class RangeSource final : public Source {
 public:
  explicit RangeSource(Range&& range) : range_(std::forward<Range>(range)) {
    if constexpr (std::ranges::sized_range<Range>)
      size_ = static_cast<std::size_t>(std::ranges::size(range_));
  }

  bool pull(Elements& target, std::size_t count) override {
    using T = element_t<Range>;
    if constexpr (is_flat<T>) target.stride = sizeof(T);
    if (!position_) position_.emplace(std::ranges::begin(range_));
    // Advances before an input is taken, not after: an input iterator may block for the one that
    // follows.
    for (std::size_t taken = 0; taken < count; ++taken) {
      if (std::exchange(advance_, false)) ++*position_;
      if (*position_ == std::ranges::end(range_)) return false;
      advance_ = true;
      append_from<T>(target, *position_);
    }
    return true;
  }
  std::size_t size() const noexcept override { return size_; }

 private:
  std::size_t size_ = 0;
  Range range_;  // a reference for an lvalue
  std::optional<std::ranges::iterator_t<std::remove_reference_t<Range>>> position_;
  bool advance_ = false;
};

}  // namespace brood::detail
