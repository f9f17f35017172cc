#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <ranges>
#include <span>
#include <stdexcept>
#include <vector>

#include <brood/detail/shared/data_handle.hpp>

namespace brood {

namespace detail {
[[noreturn]] BROOD_API void throw_no_slice();
[[noreturn]] BROOD_API void throw_no_slices();
inline std::size_t checked_index(std::size_t index, std::size_t size) {
  if (index >= size) throw std::out_of_range("brood: no such element in this array");
  return index;
}
}  // namespace detail

template <class T>
class ArraySlice;

/// A fixed number of values in shared memory: a contiguous range, and a lock. No access takes the
/// lock by itself: take it with lock().
/// A handle: a copy, in this process or another, is the same array. A const handle is like a const
/// pointer: its elements may be changed.
/// A function blocks only where it says so.
/// Threads: any. Only one thread at a time may use an element, or each use holds the lock; a
/// std::atomic may be used by all threads at once.
/// Fork: the child has the same array. Cost: an access is one to ordinary memory.
/// Layout: memory of its own with a header, an RLock, the number, size and type of the elements,
/// and then the elements.
template <class T>
class Array : public detail::DataHandle {
  static_assert(detail::check_shareable<T>());
  static constexpr detail::DataHandle::Shape shape = detail::DataHandle::shape_of<T>;

 public:
  /// The type of an element.
  using value_type = T;
  /// The type of a number of elements.
  using size_type = std::size_t;
  /// The type of a distance between elements.
  using difference_type = std::ptrdiff_t;
  /// What an access gives.
  using reference = T&;
  /// An iterator is a pointer.
  using iterator = T*;

  /// Refers to nothing; its size is 0.
  Array() = default;
  /// `count` new elements, each T(). Takes memory for all of them at once. Throws UsageError where
  /// their bytes are more than half of PTRDIFF_MAX; SystemError. Cost: filling the memory with
  /// zeros.
  explicit Array(std::size_t count) requires std::default_initializable<T>
      : DataHandle(Form::array, shape, count) {
    // Zeros are what most types begin with.
    if constexpr (!std::is_trivially_default_constructible_v<T>)
      std::uninitialized_value_construct_n(data(), count);
  }
  /// Same, each a copy of `value`.
  Array(std::size_t count, const typename std::type_identity<T>::type& value)
      : DataHandle(Form::array, shape, count) {
    std::uninitialized_fill_n(data(), count, value);
  }
  /// Same, copies of the elements of `values`.
  Array(std::initializer_list<T> values) : DataHandle(Form::array, shape, values.size()) {
    fill(values);
  }
  /// Same, copies of the elements of `range`. A range that can be walked only once is first copied
  /// to a std::vector.
  template <class Range>
  requires(!std::is_same_v<std::remove_cvref_t<Range>, Array>) &&
      std::ranges::input_range<Range>&& std::convertible_to<std::ranges::range_reference_t<Range>,
                                                            T> explicit Array(Range&& range)
      : Array(copied(range)) {}

  /// The first element; null where the handle refers to nothing.
  T* data() const noexcept { return static_cast<T*>(state_); }
  /// The number of elements; 0 where the handle refers to nothing.
  std::size_t size() const noexcept { return count_; }
  /// Whether there is no element.
  bool empty() const noexcept { return size() == 0; }
  /// The first element.
  T* begin() const noexcept { return data(); }
  /// Behind the last element.
  T* end() const noexcept { return data() + size(); }
  /// The element at `index`, which is not checked.
  T& operator[](std::size_t index) const noexcept { return data()[index]; }
  /// Same, but checked. Throws std::out_of_range.
  T& at(std::size_t index) const { return data()[detail::checked_index(index, size())]; }
  /// The first element, which there must be.
  T& front() const noexcept { return *begin(); }
  /// The last element, which there must be.
  T& back() const noexcept { return *(end() - 1); }

  /// A part of the same array: `count` elements from index `first` on. Throws UsageError where that
  /// reaches beyond the end.
  ArraySlice<T> slice(std::size_t first, std::size_t count) const {
    return ArraySlice<T>(*this, first, count);
  }
  /// The whole array in `count` parts of almost the same size: one for each call of a map, which
  /// works on it in place. Where there are fewer than `count` elements, one part for each element.
  /// Throws UsageError when `count` is 0.
  std::vector<ArraySlice<T>> slices(std::size_t count) const {
    if (count == 0) detail::throw_no_slices();
    count = std::min(count, size());
    std::vector<ArraySlice<T>> parts;
    parts.reserve(count);
    for (std::size_t i = 0, first = 0; i < count; ++i) {
      const std::size_t length = size() / count + (i < size() % count ? 1 : 0);
      parts.push_back(slice(first, length));
      first += length;
    }
    return parts;
  }

  /// Acquires the array's lock, and holds it as long as the returned guard lives. Blocks until it
  /// is free. This handle must live as long. Throws UsageError where the handle refers to nothing.
  std::unique_lock<RLock> lock() const { return DataHandle::lock(); }
  /// The lock itself.
  RLock& mutex() const noexcept { return DataHandle::mutex(); }
  /// Whether the previous holder of the lock had died: see RLock.
  bool owner_died() const noexcept { return DataHandle::owner_died(); }

  /// Encodes the handle; the elements stay where they are. Throws CodecError where it refers to
  /// nothing.
  void save(OutputArchive& archive) const { save_all(archive); }
  /// Decodes a handle. Throws CodecError for bytes that are no Array<T>.
  void load(InputArchive& archive) { load_all(archive, Form::array, shape); }

 private:
  friend class ArraySlice<T>;
  friend class detail::UndecodedAccess;
  explicit Array(detail::Undecoded) {}

  template <class Range>
  void fill(Range&& range) const {
    T* place = data();
    for (auto&& value : range) std::construct_at(place++, std::forward<decltype(value)>(value));
  }
  // Only a range that can be walked twice tells how much memory it needs.
  template <class Range>
  static Array copied(Range& range) {
    if constexpr (std::ranges::sized_range<Range> || std::ranges::forward_range<Range>) {
      Array made(Sized{static_cast<std::size_t>(std::ranges::distance(range))});
      made.fill(range);
      return made;
    } else {
      std::vector<T> values;
      for (auto&& value : range) values.push_back(std::forward<decltype(value)>(value));
      return copied(values);
    }
  }
  struct Sized {
    std::size_t count;
  };
  explicit Array(Sized size) : DataHandle(Form::array, shape, size.count) {}
};

/// Deduces T from the elements of the range.
template <class Range>
requires std::ranges::input_range<Range> Array(Range&&)
->Array<std::ranges::range_value_t<Range>>;

/// A part of an array: a contiguous range over the same elements. It may be sent like the array,
/// and keeps the array alive. A function blocks only where it says so.
/// Threads: as Array. Fork: the child has the same elements. Cost: an access is one to ordinary
/// memory.
template <class T>
class ArraySlice : public detail::DataHandle {
  static constexpr detail::DataHandle::Shape shape = detail::DataHandle::shape_of<T>;

 public:
  /// The type of an element.
  using value_type = T;
  /// The type of a number of elements.
  using size_type = std::size_t;
  /// The type of a distance between elements.
  using difference_type = std::ptrdiff_t;
  /// What an access gives.
  using reference = T&;
  /// An iterator is a pointer.
  using iterator = T*;

  /// Refers to nothing; its size is 0.
  ArraySlice() = default;
  /// `count` elements of `array` from index `first` on. Throws UsageError where that reaches beyond
  /// the end.
  ArraySlice(const Array<T>& array, std::size_t first, std::size_t count)
      : DataHandle(array), first_(first), length_(count) {
    if (first > count_ || count > count_ - first) detail::throw_no_slice();
  }

  /// The slice's first element; null for an empty slice.
  T* data() const noexcept { return length_ == 0 ? nullptr : static_cast<T*>(state_) + first_; }
  /// The slice's number of elements.
  std::size_t size() const noexcept { return length_; }
  /// Index in the array of the slice's first element.
  std::size_t first() const noexcept { return first_; }
  /// Whether there is no element.
  bool empty() const noexcept { return size() == 0; }
  /// The first element.
  T* begin() const noexcept { return data(); }
  /// Behind the last element.
  T* end() const noexcept { return data() + size(); }
  /// The element at `index`, which is not checked.
  T& operator[](std::size_t index) const noexcept { return data()[index]; }
  /// Same, but checked. Throws std::out_of_range.
  T& at(std::size_t index) const { return data()[detail::checked_index(index, size())]; }
  /// The first element, which there must be.
  T& front() const noexcept { return *begin(); }
  /// The last element, which there must be.
  T& back() const noexcept { return *(end() - 1); }

  /// Acquires the array's lock, and holds it as long as the returned guard lives. Blocks until it
  /// is free. This handle must live as long. Throws UsageError where the handle refers to nothing.
  std::unique_lock<RLock> lock() const { return DataHandle::lock(); }
  /// The lock itself.
  RLock& mutex() const noexcept { return DataHandle::mutex(); }
  /// Whether the previous holder of the lock had died: see RLock.
  bool owner_died() const noexcept { return DataHandle::owner_died(); }

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const { save_part(archive, first_, length_); }
  /// Decodes a handle. Throws CodecError for bytes that are no ArraySlice<T>.
  void load(InputArchive& archive) { load_part(archive, shape, first_, length_); }

 private:
  friend class detail::UndecodedAccess;
  explicit ArraySlice(detail::Undecoded) {}

  std::size_t first_ = 0;
  std::size_t length_ = 0;
};

}  // namespace brood
