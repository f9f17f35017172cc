#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include <brood/detail/export.hpp>

namespace brood::detail {

/// A descriptor that values refer to, in this process: see brood/detail/codec/descriptor_ref.hpp.
class SharedDescriptor;
using DescriptorRef = std::shared_ptr<const SharedDescriptor>;
using Attachments = std::vector<DescriptorRef>;

/// A growable run of bytes that is never zero-filled: the unit of everything that crosses a process
/// boundary. A few bytes need no allocation; growth goes through realloc, so that a large buffer is
/// remapped by the kernel and not copied.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::span<const std::byte> source) { append(source.data(), source.size()); }
  Bytes(Bytes&& other) noexcept { take(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { release(); }

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  std::span<const std::byte> view() const noexcept { return {data_, size_}; }
  bool operator==(const Bytes& other) const noexcept {
    return size_ == other.size_ && std::memcmp(data_, other.data_, size_) == 0;
  }

  void clear() noexcept {
    size_ = 0;
    attached_.reset();
  }
  /// The bytes mean something only to a process that has this descriptor too: it stays with them.
  BROOD_API void attach(DescriptorRef descriptor);
  /// The same for all of these, which may be many, and others' too; null for none.
  void attach_all(std::shared_ptr<Attachments> descriptors) noexcept {
    attached_ = std::move(descriptors);
  }
  std::span<const DescriptorRef> attached() const noexcept {
    if (!attached_) return {};
    return {attached_->data(), attached_->size()};
  }
  void append(const void* source, std::size_t count) {
    if (count == 0) return;
    std::memcpy(extend(count), source, count);
  }
  /// Adds `count` uninitialised bytes and returns where they start.
  std::byte* extend(std::size_t count) {
    if (count > capacity_ - size_) grow(count);
    std::byte* const start = data_ + size_;
    size_ += count;
    return start;
  }
  /// Takes bytes off the end.
  void truncate(std::size_t new_size) noexcept { size_ = new_size; }
  void reserve(std::size_t wanted) {
    if (wanted > capacity_) reallocate(wanted);
  }

 private:
  static constexpr std::size_t inline_size = 48;

  bool is_inline() const noexcept { return data_ == inline_; }
  void release() noexcept {
    if (!is_inline()) std::free(data_);
  }
  // Leaves `other` empty; what this one owned has been released.
  void take(Bytes& other) noexcept {
    size_ = std::exchange(other.size_, 0);
    attached_ = std::move(other.attached_);
    if (other.is_inline()) {
      std::memcpy(inline_, other.inline_, sizeof inline_);
      data_ = inline_;
      capacity_ = inline_size;
    } else {
      data_ = std::exchange(other.data_, other.inline_);
      capacity_ = std::exchange(other.capacity_, inline_size);
    }
  }
  void grow(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / 4 - size_) throw std::bad_alloc();
    const std::size_t doubled = capacity_ * 2;
    const std::size_t needed = size_ + count;
    reallocate(needed > doubled ? needed : doubled);
  }
  void reallocate(std::size_t capacity) {
    void* const moved = std::realloc(is_inline() ? nullptr : data_, capacity);
    if (moved == nullptr) throw std::bad_alloc();
    if (is_inline()) std::memcpy(moved, inline_, size_);
    data_ = static_cast<std::byte*>(moved);
    capacity_ = capacity;
  }

  std::byte* data_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = inline_size;
  std::shared_ptr<Attachments> attached_;  // null: none
  std::byte inline_[inline_size];
};

/// Encoded bytes, some of which may still lie in the caller's memory: a large array in the argument
/// of a call that blocks is written to the worker from where it is, without a copy.
class Payload {
 public:
  Payload() = default;
  explicit Payload(Bytes owned) : owned_(std::move(owned)) {}
  /// Only borrowed memory; it must outlive the payload.
  static Payload borrowing(std::span<const std::byte> memory) {
    Payload payload;
    payload.borrow(memory);
    return payload;
  }

  Bytes& owned() noexcept { return owned_; }
  const Bytes& owned() const noexcept { return owned_; }
  /// Continues the payload with memory that its owner keeps alive.
  BROOD_API void borrow(std::span<const std::byte> memory);
  std::size_t size() const noexcept { return owned_.size() + borrowed_; }
  bool borrows() const noexcept { return borrowed_ != 0; }
  bool contiguous() const noexcept {
    return parts_.empty() || (owned_.empty() && parts_.size() == 1);
  }
  /// The bytes of a contiguous payload.
  std::span<const std::byte> view() const noexcept {
    return parts_.empty() ? owned_.view() : parts_.front().memory;
  }
  /// Calls `visit` with each contiguous part, in order.
  template <class Visit>
  void for_each_part(Visit visit) const {
    std::size_t done = 0;
    for (const BorrowedPart& part : parts_) {
      if (part.position > done) visit(owned_part(done, part.position));
      visit(part.memory);
      done = part.position;
    }
    if (done < owned_.size()) visit(owned_part(done, owned_.size()));
  }

 private:
  std::span<const std::byte> owned_part(std::size_t begin, std::size_t end) const noexcept {
    return {owned_.data() + begin, end - begin};
  }

  struct BorrowedPart {
    std::size_t position;  // in owned_, where the borrowed part belongs
    std::span<const std::byte> memory;
  };
  Bytes owned_;
  std::vector<BorrowedPart> parts_;
  std::size_t borrowed_ = 0;
};

}  // namespace brood::detail
