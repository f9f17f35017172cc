#pragma once

#include <cereal/cereal.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/vector.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <typeinfo>

#include <brood/detail/bytes.hpp>
#include <brood/detail/export.hpp>
#include <brood/errors.hpp>

namespace brood {

namespace detail {
/// Throws CodecError: fewer bytes are left than `type` needs.
[[noreturn]] BROOD_API void throw_truncated(std::size_t wanted, std::size_t left);
/// Throws CodecError for a container that claims more elements than bytes are left.
[[noreturn]] BROOD_API void throw_bad_length(std::size_t claimed, std::size_t left);
/// Throws CodecError: `left` bytes follow the value of type `type`.
[[noreturn]] BROOD_API void throw_trailing(std::size_t left, const std::type_info& type);
/// A value whose bytes in memory are its encoding.
template <class T>
inline constexpr bool is_flat = std::is_arithmetic_v<T> || std::is_enum_v<T>;
}  // namespace detail

/// Reads values from bytes that somebody else owns. Never reads past their end.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) noexcept
      : position_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - position_); }
  void read(void* target, std::size_t count) {
    if (count > left()) detail::throw_truncated(count, left());
    if (count != 0) std::memcpy(target, position_, count);
    position_ += count;
  }
  /// The next `count` bytes where they lie.
  std::span<const std::byte> take(std::size_t count) {
    if (count > left()) detail::throw_truncated(count, left());
    const std::span<const std::byte> taken{position_, count};
    position_ += count;
    return taken;
  }

 private:
  const std::byte* position_;
  const std::byte* end_;
};

/// cereal archive that appends to a buffer in the machine's own byte order.
class OutputArchive : public cereal::OutputArchive<OutputArchive, cereal::AllowEmptyClassElision> {
 public:
  explicit OutputArchive(detail::Bytes& target)
      : cereal::OutputArchive<OutputArchive, cereal::AllowEmptyClassElision>(this), target_(target) {}
  void saveBinary(const void* data, std::size_t count) { target_.append(data, count); }

 private:
  detail::Bytes& target_;
};

/// cereal archive over contiguous memory. Every length is checked against the bytes that are left before anything is
/// allocated for it.
class InputArchive : public cereal::InputArchive<InputArchive, cereal::AllowEmptyClassElision> {
 public:
  explicit InputArchive(Reader& source)
      : cereal::InputArchive<InputArchive, cereal::AllowEmptyClassElision>(this), source_(source) {}
  void loadBinary(void* target, std::size_t count) { source_.read(target, count); }
  void check_length(std::size_t count) const {
    if (count > source_.left()) detail::throw_bad_length(count, source_.left());
  }
  Reader& source() noexcept { return source_; }

 private:
  Reader& source_;
};

// Lengths of containers, in 64 bits.
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const cereal::SizeTag<T>& tag) {
  const std::uint64_t count = tag.size;
  archive.saveBinary(&count, sizeof count);
}
