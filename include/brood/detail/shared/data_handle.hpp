#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <type_traits>

#include <brood/lock.hpp>

// What Value and Array have in common.
namespace brood::detail {

template <class T>
inline constexpr bool is_atomic = false;
template <class U>
inline constexpr bool is_atomic<std::atomic<U>> = true;

template <class T>
inline constexpr bool is_shareable = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>;
template <class U>
inline constexpr bool is_shareable<std::atomic<U>> =
    is_shareable<U>&& std::atomic<U>::is_always_lock_free;

/// Fails to compile, with one sentence, for a T that cannot lie in shared memory.
template <class T>
constexpr bool check_shareable() {
  static_assert(is_shareable<T>,
                "brood: what lies in shared memory must be trivially copyable and no pointer (or a "
                "lock-free std::atomic): memory that a std::string or std::vector owns is this "
                "process's alone; for those there are queues and managers");
  static_assert(alignof(T) <= 4096, "brood: shared memory is aligned to 4096 bytes at most");
  return is_shareable<T>;
}

/// A number for each type, the same in all programs that one compiler has made.
template <class T>
constexpr std::uint64_t type_mark() noexcept {
  std::uint64_t mark = 0xcbf2'9ce4'8422'2325;  // FNV-1a of its name
  for (const char* letter = __PRETTY_FUNCTION__; *letter != '\0'; ++letter)
    mark = (mark ^ static_cast<unsigned char>(*letter)) * 0x0000'0100'0000'01b3;
  return mark;
}

/// A lock, and values behind it. Value and Array have the contracts.
/// Layout: memory of its own. It has a header, an RLock, the number, size and type of the values,
/// and then the values.
class BROOD_API DataHandle : public SharedHandle {
 protected:
  enum class Form : std::uint8_t { value, array };
  struct Shape {
    std::size_t size, alignment;  // of one of them, in bytes
    std::uint64_t type;
  };
  template <class T>
  static constexpr Shape shape_of{sizeof(T), alignof(T), type_mark<T>()};

  DataHandle() = default;  // refers to nothing
  /// New zero bytes. Throws UsageError when they are too many, SystemError.
  DataHandle(Form form, Shape shape, std::size_t count);
  std::unique_lock<RLock> lock() const;
  RLock& mutex() const noexcept { return lock_; }
  bool owner_died() const noexcept { return lock_.owner_died(); }
  void save_all(OutputArchive& archive) const;
  void load_all(InputArchive& archive, Form form, Shape shape);
  void save_part(OutputArchive& archive, std::size_t first, std::size_t count) const;
  void load_part(InputArchive& archive, Shape shape, std::size_t& first, std::size_t& count);

  std::size_t count_ = 0;

 private:
  mutable RLock lock_{Undecoded()};
};

}  // namespace brood::detail
