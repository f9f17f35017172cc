#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include <brood/detail/export.hpp>

// Objects of std::shared_ptr travel once; each further pointer to one is its number. The tables
// know the type of each: a number never gives an object of another type.
namespace brood::detail {

/// In front of an object's bytes its number has this bit.
inline constexpr std::uint32_t first_mention = 0x8000'0000;

/// A type of shared objects, at run time.
struct SharedType {
  const std::type_info* info = nullptr;
  /// Throws `object`, which is of this type, as a pointer to it.
  void (*throw_pointer)(void* object) = nullptr;
  /// `object`, which is of type `type`, as one of this type: of the same or of a base class of it.
  /// Else null.
  void* (*convert)(const SharedType& type, void* object) = nullptr;
};

template <class T>
[[noreturn]] void throw_pointer_to(void* object) {
  throw static_cast<T*>(object);
}
// A handler for pointers to a class is entered for those to its derived classes too, converted.
template <class T>
void* convert_pointer(const SharedType& type, void* object) {
  if (*type.info == typeid(T)) return object;
  try {
    type.throw_pointer(object);
  } catch (T* converted) {
    return converted;
  } catch (...) {
  }
  return nullptr;
}
template <class T>
SharedType shared_type() noexcept {
  using Object = std::remove_cv_t<T>;
  return {&typeid(Object), &throw_pointer_to<Object>, &convert_pointer<Object>};
}

/// The numbers that an encoder has given. Keeps the objects, so that no other takes an address.
class SharedNumbers {
 public:
  /// 0 for null; else the object's number, with `first_mention` for a new one.
  BROOD_API std::uint32_t of(std::shared_ptr<const void> object, const SharedType& type);

 private:
  struct Table;
  struct Drop {
    BROOD_API void operator()(Table* table) const noexcept;
  };
  std::unique_ptr<Table, Drop> table_;
};

/// The objects that a decoder has made.
class SharedObjects {
 public:
  /// Throws CodecError unless `number` is the next one. `constructed`, where it is given, lives as
  /// long as the object and says whether its constructor has run.
  BROOD_API void add(std::uint32_t number, std::shared_ptr<void> object, const SharedType& type,
                     const bool* constructed = nullptr);
  /// The object with this number as a T; null for 0. Throws CodecError for a number that was not
  /// given, or not to a T.
  template <class T>
  std::shared_ptr<T> get(std::uint32_t number) const {
    const std::shared_ptr<void> found = find(number, shared_type<T>());
    return std::static_pointer_cast<T>(found);
  }

 private:
  struct Entry {
    std::shared_ptr<void> object;
    SharedType type;
    const bool* constructed;
  };
  BROOD_API std::shared_ptr<void> find(std::uint32_t number, const SharedType& type) const;

  std::vector<Entry> entries_;
};

}  // namespace brood::detail
