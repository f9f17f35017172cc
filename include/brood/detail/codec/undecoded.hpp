#pragma once

#include <type_traits>
#include <utility>

// How a decoder makes handles of shared objects. A default constructor of theirs would make an
// object, only to drop it.
namespace brood::detail {

class SharedHandle;

/// Asks for a handle that refers to nothing until it is decoded.
struct Undecoded {
  explicit Undecoded() = default;
};

/// The friend of all handles that calls their private constructors from Undecoded.
class UndecodedAccess {
 public:
  template <class T>
  static T make() {
    return T(Undecoded());
  }
  template <class T>
  static constexpr bool makes() {
    if constexpr (std::is_base_of_v<SharedHandle, T>) {
      return decltype(probe<T>(0))::value;
    } else {
      return false;
    }
  }

 private:
  template <class T>
  static auto probe(int) -> decltype(T(Undecoded()), std::true_type());
  template <class T>
  static std::false_type probe(...);
};

/// Whether T is a handle that UndecodedAccess makes.
template <class T>
inline constexpr bool decodes_into_nothing = UndecodedAccess::makes<T>();

}  // namespace brood::detail
