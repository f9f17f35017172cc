#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include <brood/detail/shared/data_handle.hpp>

namespace brood {

namespace detail {
template <class T>
struct Plain {
  using type = T;
};
template <class U>
struct Plain<std::atomic<U>> {
  using type = U;
};

/// Whether F makes a new value of the old one. What takes a reference that it may write through is
/// not asked: the body of a generic lambda need not compile for anything else.
template <class F, class T, class Place>
constexpr bool makes_anew() {
  if constexpr (!std::is_invocable_v<F&, Place&>) {
    return true;
  } else if constexpr (std::is_void_v<std::invoke_result_t<F&, Place&>>) {
    return false;
  } else {
    return std::is_invocable_r_v<T, F&, T>;
  }
}
}  // namespace detail

/// One value in shared memory, with a lock: see lock(). With T = std::atomic<U> no call needs the
/// lock.
/// A handle: a copy, in this process or another, is the same value. A const handle is like a const
/// pointer: the value may be changed.
/// When a process dies within set() or update(), the value may be half written. The next thread
/// gets the lock, and owner_died() is true for it. A function blocks only where it says so. One
/// that takes the lock throws what RLock::acquire() throws. Threads: any. Fork: the child has the
/// same value. Cost: that of ordinary memory and of the lock. Layout: memory of its own with a
/// header, an RLock, the size and type of the value, and then the value.
template <class T>
class Value : public detail::DataHandle {
  static_assert(detail::check_shareable<T>());
  static constexpr Shape shape = shape_of<T>;

 public:
  /// T; U where T is std::atomic<U>.
  using value_type = typename detail::Plain<T>::type;

  /// A new value, T(). Throws SystemError.
  Value() requires std::default_initializable<T> : Value(value_type()) {}
  /// A new value, a copy of `value`. Throws SystemError.
  explicit Value(const value_type& value) : DataHandle(Form::value, shape, 1) {
    std::construct_at(static_cast<T*>(state_), value);
  }

  /// A copy of the value. Blocks while another thread holds the lock.
  value_type get() const {
    if constexpr (detail::is_atomic<T>)
      return place().load();
    else
      return with_lock([this]() -> value_type { return place(); });
  }
  /// Replaces the value. Blocks while another thread holds the lock.
  void set(const value_type& value) const {
    if constexpr (detail::is_atomic<T>)
      place().store(value);
    else
      with_lock([&] { place() = value; });
  }
  /// Changes the value with the lock held, and returns the new one. `change(T&)` changes it in
  /// place, or `change(const T&)` returns the new value. With std::atomic<U> there is no lock, and
  /// `change(const U&)` is called again when another thread has changed the value meanwhile.
  /// Blocks while another thread holds the lock. Throws what `change` throws.
  template <class F>
  value_type update(F change) const {
    if constexpr (detail::is_atomic<T>)
      return update_atomically(change);
    else
      return with_lock([&] { return apply(change); });
  }

  /// The value itself, without taking the lock. Hold lock() meanwhile where other threads change
  /// it.
  T& operator*() const noexcept { return place(); }
  /// A member of the value itself, likewise.
  T* operator->() const noexcept { return &place(); }

  /// Acquires the value's lock, and holds it as long as the returned guard lives. Blocks until it
  /// is free. This handle must live as long. Throws UsageError where the handle refers to nothing.
  std::unique_lock<RLock> lock() const { return DataHandle::lock(); }
  /// The lock itself.
  RLock& mutex() const noexcept { return DataHandle::mutex(); }
  /// Whether the previous holder of the lock had died: see RLock.
  bool owner_died() const noexcept { return DataHandle::owner_died(); }

  /// Encodes the handle; the value stays where it is. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const { save_all(archive); }
  /// Decodes a handle. Throws CodecError for bytes that are no Value<T>.
  void load(InputArchive& archive) { load_all(archive, Form::value, shape); }

 private:
  friend class detail::UndecodedAccess;
  explicit Value(detail::Undecoded) {}
  T& place() const noexcept { return *static_cast<T*>(state_); }
  template <class Body>
  auto with_lock(Body body) const {
    const std::lock_guard<RLock> guard(mutex());
    return body();
  }
  template <class F>
  value_type apply(F& change) const {
    if constexpr (detail::makes_anew<F, T, T>())
      place() = std::invoke(change, std::as_const(place()));
    else
      std::invoke(change, place());
    return place();
  }
  template <class F>
  value_type update_atomically(F& change) const {
    if constexpr (detail::makes_anew<F, value_type, T>()) {
      value_type before = place().load();
      for (;;) {
        const value_type after = std::invoke(change, std::as_const(before));
        if (place().compare_exchange_weak(before, after)) return after;
      }
    } else {
      std::invoke(change, place());
      return place().load();
    }
  }
};

/// Deduces T from the value.
template <class T>
Value(const T&) -> Value<T>;

}  // namespace brood
