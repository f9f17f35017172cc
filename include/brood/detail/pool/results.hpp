#pragma once

#include <cxxabi.h>

#include <cstddef>
#include <cstring>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/large_memory.hpp>
#include <brood/detail/pool/job.hpp>
#include <brood/detail/ranges.hpp>
#include <brood/outcome.hpp>

// From pieces of bytes back to values, in the thread that asks for the result, or in that for
// callbacks.
namespace brood::detail {

/// Whether results of type R can be written to the range: numbers as any number.
template <class Output, class R>
inline constexpr bool holds_results = false;
template <class Output, class R>
requires std::ranges::contiguous_range<Output> && std::ranges::sized_range<Output> &&
    (!std::is_const_v<std::remove_reference_t<
         std::ranges::range_reference_t<Output>>>)inline constexpr bool holds_results<Output, R> =
        std::is_convertible_v<R, std::ranges::range_value_t<Output>>;

/// Throws CodecError unless the elements of the piece are among `count`.
BROOD_API void check_place(const Piece& piece, std::size_t count);
/// UsageError: as many results as there are inputs do not fit the output.
[[noreturn]] BROOD_API void throw_sizes_differ(std::size_t inputs, std::size_t places);
/// The pieces of a finished job by their first elements.
BROOD_API std::vector<const Piece*> in_order(const Job& job);

/// What the elements of a finished job wrote, in their order; null: nothing.
BROOD_API ElementOutput output_of(const Job& job);
/// What an element of the piece wrote.
inline ElementOutput output_of(const Piece& piece, std::size_t i) {
  return piece.outputs && i < piece.outputs->size() ? (*piece.outputs)[i] : nullptr;
}

/// So many results, to be written over.
template <class R>
std::vector<R> place_for_results(std::size_t count) {
  std::vector<R> values;
  if constexpr (is_flat<R> && !std::is_same_v<R, bool>) {
    if (count >= large_memory / sizeof(R)) {
      values.reserve(count);
      advise_large(values.data(), count * sizeof(R));
    }
  }
  values.resize(count);
  return values;
}

/// Walks over the results of one piece. They load no libraries: see LoadPolicy.
class PieceReader {
 public:
  explicit PieceReader(const Piece& piece)
      : bytes_(piece.bytes.view()),
        descriptors_(piece.bytes.attached()),
        stride_(piece.shape.stride) {}

  /// The result of a function that returns nothing.
  void skip() { bytes_.take(1); }
  template <class R>
  typename Outcome<R>::value_type next() {
    if constexpr (std::is_void_v<R>) {
      skip();
      return {};
    } else {
      Reader record(bytes_.take(stride_ == variable_stride ? length() : stride_),
                    LoadPolicy::loaded_only);
      return decode_value<R>(record.beside(descriptors_));
    }
  }

 private:
  std::size_t length() {
    std::uint64_t length = 0;
    bytes_.read(&length, sizeof length);
    return length;
  }
  Reader bytes_;
  std::span<const DescriptorRef> descriptors_;
  std::uint32_t stride_;
};

/// Calls put(index, Outcome<R>) for each element of the piece; a result that cannot be decoded is
/// an outcome too.
template <class R, class Put>
void for_each_outcome(const Piece& piece, Put put) {
  if (piece.failure)
    return put(piece.first, Outcome<R>(to_exception(*piece.failure, piece.first), piece.first));
  PieceReader reader(piece);
  for (std::size_t i = 0; i < piece.count; ++i) {
    try {
      put(piece.first + i,
          Outcome<R>(reader.template next<R>(), piece.first + i, output_of(piece, i)));
    } catch (const CodecError&) {
      put(piece.first + i, Outcome<R>(std::current_exception(), piece.first + i));
    }
  }
}

/// The result of a finished job of one element.
template <class R>
R decode_single(const Job& job) {
  if (const std::exception_ptr error = job.error()) std::rethrow_exception(error);
  PieceReader reader(job.pieces().front());
  if constexpr (std::is_void_v<R>) {
    reader.skip();
  } else {
    return reader.template next<R>();
  }
}

/// A result that is decoded where its call waits.
template <class R>
class Arriving final : public ArrivingResult {
 public:
  void take(Reader bytes) override try {
    value_.emplace(decode_value<R>(bytes));
  } catch (const abi::__forced_unwind&) {
    throw;  // pthread_cancel
  } catch (...) {
    error_ = std::current_exception();
  }
  /// The result of the finished job, whether it was taken so or not.
  R result_of(const Job& job) {
    if (job.failed() || !job.pieces().front().bytes.empty()) return decode_single<R>(job);
    if (error_) std::rethrow_exception(error_);
    return std::move(*value_);
  }

 private:
  std::optional<R> value_;
  std::exception_ptr error_;
};

/// The results of a finished map.
template <class R>
std::vector<R> decode_all(const Job& job) {
  if (const std::exception_ptr error = job.error()) std::rethrow_exception(error);
  const std::vector<const Piece*> ordered = in_order(job);
  std::size_t total = 0;
  for (const Piece* piece : ordered) total += piece->count;
  std::vector<R> values;
  values.reserve(total);
  for (const Piece* piece : ordered) {
    PieceReader reader(*piece);
    for (std::size_t i = 0; i < piece->count; ++i) values.push_back(reader.template next<R>());
  }
  return values;
}

/// The end of a finished job without results.
inline void decode_none(const Job& job) {
  if (const std::exception_ptr error = job.error()) std::rethrow_exception(error);
}

}  // namespace brood::detail
