#pragma once

#include <cereal/cereal.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <span>
#include <type_traits>
#include <typeinfo>

#include <brood/detail/bytes.hpp>
#include <brood/detail/codec/aggregate_archive.hpp>
#include <brood/detail/codec/nesting.hpp>
#include <brood/detail/codec/shared_ids.hpp>
#include <brood/detail/export.hpp>
#include <brood/errors.hpp>

namespace brood {

namespace detail {
/// Throws CodecError: fewer bytes are left than `wanted`.
[[noreturn]] BROOD_API void throw_truncated(std::size_t wanted, std::size_t left);
/// Throws CodecError for a container that claims more elements than bytes are left.
[[noreturn]] BROOD_API void throw_bad_length(std::uint64_t claimed, std::size_t left);
/// Throws CodecError: containers claim more elements than the bytes could ever be.
[[noreturn]] BROOD_API void throw_empty_elements();
/// Throws CodecError: too many keys of hash tables collide.
[[noreturn]] BROOD_API void throw_collisions();
/// Throws CodecError for a bool that is neither 0 nor 1.
[[noreturn]] BROOD_API void throw_bad_bool(unsigned value);
/// Throws CodecError unless each is 0 or 1. Clears them then: they lie where bools should.
BROOD_API void check_bools(std::span<std::byte> bytes);
/// Throws CodecError: `left` bytes follow the value of type `type`.
[[noreturn]] BROOD_API void throw_trailing(std::size_t left, const std::type_info& type);

/// Whether a code reference among the bytes may have a library loaded. Results of a worker may not:
/// loading runs the library's constructors.
enum class LoadPolicy : std::uint8_t { may_load, loaded_only };

/// Bytes that are on their way: what follows those that a reader has in memory.
class BROOD_API Supply {
 public:
  virtual ~Supply();
  virtual std::size_t left() const noexcept = 0;
  /// The next `count` bytes, at most left(). Blocks until they are there.
  virtual void read(void* target, std::size_t count) = 0;
  /// Same, into memory that lasts as long as this object.
  std::span<const std::byte> take(std::span<const std::byte> before, std::size_t count);

 private:
  std::deque<Bytes> kept_;
};
}  // namespace detail

/// Reads values from bytes that it does not own. Never reads past their end.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes, detail::Supply* supply = nullptr,
                  detail::LoadPolicy policy = detail::LoadPolicy::may_load) noexcept
      : position_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        supply_(supply),
        load_policy_(policy) {}
  Reader(std::span<const std::byte> bytes, detail::LoadPolicy policy) noexcept
      : Reader(bytes, nullptr, policy) {}
  std::size_t left() const noexcept {
    return supply_ == nullptr ? in_memory() : in_memory() + supply_->left();
  }
  detail::LoadPolicy load_policy() const noexcept { return load_policy_; }
  /// What has come along with the bytes. It has to outlive the reader.
  Reader& beside(std::span<const detail::DescriptorRef> descriptors) noexcept {
    descriptors_ = descriptors;
    return *this;
  }
  std::span<const detail::DescriptorRef> descriptors() const noexcept { return descriptors_; }
  /// Those of them that need not be waited for.
  std::size_t in_memory() const noexcept { return static_cast<std::size_t>(end_ - position_); }
  /// Throws CodecError when fewer than `count` bytes are left.
  void read(void* target, std::size_t count) {
    if (count > in_memory()) return read_beyond(target, count);
    if (count != 0) std::memcpy(target, position_, count);
    position_ += count;
  }
  /// The next `count` bytes where they lie. Throws CodecError when fewer are left.
  std::span<const std::byte> take(std::size_t count) {
    if (count > in_memory()) return take_beyond(count);
    const std::span<const std::byte> taken{position_, count};
    position_ += count;
    return taken;
  }

 private:
  BROOD_API void read_beyond(void* target, std::size_t count);
  BROOD_API std::span<const std::byte> take_beyond(std::size_t count);

  const std::byte* position_;
  const std::byte* end_;
  detail::Supply* supply_;
  detail::LoadPolicy load_policy_;
  std::span<const detail::DescriptorRef> descriptors_;
};

/// cereal archive that appends to a buffer in the machine's own byte order.
class OutputArchive : public detail::AggregateArchive<OutputArchive, cereal::OutputArchive> {
 public:
  BROOD_API explicit OutputArchive(detail::Bytes& target);
  BROOD_API ~OutputArchive();
  void saveBinary(const void* data, std::size_t count) { target_.append(data, count); }
  detail::Bytes& target() noexcept { return target_; }

  /// Throws CodecError where objects are nested too deeply for the stack.
  void check_nesting() const { nesting_.check(CodecError::Direction::encode); }
  /// The number of a shared object; see detail::SharedNumbers. For cereal's smart pointers.
  template <class T>
  std::uint32_t registerSharedPointer(const std::shared_ptr<T>& pointer) {
    return shared_.of(pointer, detail::shared_type<T>());
  }

 private:
  detail::Bytes& target_;
  detail::NestingLimit nesting_;
  detail::SharedNumbers shared_;
};

/// cereal archive over contiguous memory. Every length is checked against the bytes that are left
/// before anything is allocated for it, and all of them together against all the bytes.
class InputArchive : public detail::AggregateArchive<InputArchive, cereal::InputArchive> {
 public:
  /// So many elements may be claimed beyond the bytes that are left: elements of an empty class
  /// take no bytes.
  static constexpr std::size_t length_slack = 4096;
  /// So many elements of one value may take no bytes.
  static constexpr std::size_t most_empty_elements = 65536;
  /// So many elements of a hash table may be looked at for one new key, and beyond that a number
  /// that grows with the bytes: a poor hash is no crime, and keys beside one that is there 100,000
  /// times are not either.
  static constexpr std::size_t free_steps = 128;

  BROOD_API explicit InputArchive(Reader& source);
  BROOD_API ~InputArchive();
  void loadBinary(void* target, std::size_t count) { source_.read(target, count); }
  /// Throws CodecError when `count` elements cannot be in the bytes that are left.
  void check_length(std::uint64_t count) const {
    if (count > source_.left() && count - source_.left() > length_slack)
      detail::throw_bad_length(count, source_.left());
  }
  /// The same for a container that is about to be read. Containers in containers could claim the
  /// same bytes again and again, if their elements took none.
  void claim(std::uint64_t count) {
    check_length(count);
    if (count > claims_left_) detail::throw_empty_elements();
    claims_left_ -= count;
  }
  /// Counts elements that took no bytes. Throws CodecError for too many.
  void count_empty_elements(std::size_t count) {
    if (count > empty_elements_left_) detail::throw_empty_elements();
    empty_elements_left_ -= count;
  }
  /// Counts what a new key of a hash table has cost. Throws CodecError for too many.
  void count_steps(std::size_t steps) {
    if (steps <= free_steps) return;
    if (steps > steps_left_) detail::throw_collisions();
    steps_left_ -= steps;
  }
  Reader& source() noexcept { return source_; }

  /// Throws CodecError where objects are nested too deeply for the stack.
  void check_nesting() const { nesting_.check(CodecError::Direction::decode); }
  /// See detail::SharedObjects; for cereal's smart pointers.
  detail::SharedObjects& shared_objects() noexcept { return shared_; }
  template <class T>
  void registerSharedPointer(std::uint32_t number, const std::shared_ptr<T>& pointer) {
    shared_.add(number, pointer, detail::shared_type<T>());
  }
  /// cereal's would hand out an object without knowing its type.
  void getSharedPointer(std::uint32_t number) = delete;

 private:
  // Some write a length in front of what is shorter than it, as a sparse matrix.
  static constexpr std::uint64_t claims_per_byte = 16;
  static constexpr std::uint64_t steps_per_byte = 16, steps_for_all = std::uint64_t{1} << 24;

  Reader& source_;
  std::uint64_t claims_left_, steps_left_;
  std::size_t empty_elements_left_ = most_empty_elements;
  detail::NestingLimit nesting_;
  detail::SharedObjects shared_;
};

// What cereal asks of a binary archive; compare cereal/archives/binary.hpp.
template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const T& value) {
  archive.saveBinary(&value, sizeof value);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const cereal::BinaryData<T>& data) {
  archive.saveBinary(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, cereal::BinaryData<T>& data) {
  using Element = std::remove_all_extents_t<std::remove_pointer_t<std::remove_reference_t<T>>>;
  archive.loadBinary(data.data, static_cast<std::size_t>(data.size));
  if constexpr (std::is_same_v<Element, bool>)
    detail::check_bools({static_cast<std::byte*>(data.data), static_cast<std::size_t>(data.size)});
}

// Lengths of containers, in 64 bits.
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const cereal::SizeTag<T>& tag) {
  const std::uint64_t count = tag.size;
  archive.saveBinary(&count, sizeof count);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, cereal::SizeTag<T>& tag) {
  std::uint64_t count = 0;
  archive.loadBinary(&count, sizeof count);
  archive.claim(count);
  tag.size = static_cast<std::remove_reference_t<T>>(count);
}

}  // namespace brood

// cereal's polymorphic pointers (CEREAL_REGISTER_TYPE) work with these archives.
CEREAL_REGISTER_ARCHIVE(brood::OutputArchive)
CEREAL_REGISTER_ARCHIVE(brood::InputArchive)
CEREAL_SETUP_ARCHIVE_TRAITS(brood::InputArchive, brood::OutputArchive)
