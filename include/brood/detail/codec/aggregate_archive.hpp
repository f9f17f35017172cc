#pragma once

#include <cereal/cereal.hpp>
#include <cereal/types/base_class.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <brood/detail/codec/aggregate.hpp>
#include <brood/detail/codec/flat.hpp>

namespace brood::detail {

/// A base class, as cereal's functions name it, that is an aggregate.
template <class T>
inline constexpr bool is_aggregate_base = false;
template <class Base>
inline constexpr bool is_aggregate_base<cereal::base_class<Base>> = by_members<Base>;

/// A base of archives that takes aggregates by their members, which cereal would refuse, and has
/// cereal take all else. Each value passes here, also an element of cereal's containers; not what
/// is given to cereal::defer or cereal::virtual_base_class.
template <class Archive, template <class, std::uint32_t> class Cereal>
class AggregateArchive : public Cereal<Archive, cereal::AllowEmptyClassElision> {
  using Base = Cereal<Archive, cereal::AllowEmptyClassElision>;

 public:
  template <class... T>
  Archive& operator()(T&&... values) {
    if constexpr (((by_members<std::remove_cvref_t<T>> ||
                    is_aggregate_base<std::remove_cvref_t<T>>) ||
                   ...)) {
      (take(std::forward<T>(values)), ...);
    } else {
      Base::operator()(std::forward<T>(values)...);
    }
    return archive();
  }
  template <class T>
  Archive& operator&(T&& value) {
    return (*this)(std::forward<T>(value));
  }
  template <class T>
  requires(std::is_same_v<typename Base::is_saving, std::true_type>) Archive& operator<<(
      T&& value) {
    return (*this)(std::forward<T>(value));
  }
  template <class T>
  requires(std::is_same_v<typename Base::is_loading, std::true_type>) Archive& operator>>(
      T&& value) {
    return (*this)(std::forward<T>(value));
  }

 protected:
  /// `itself` is this object, as what it will be.
  explicit AggregateArchive(Archive* itself) : Base(itself) {}

 private:
  Archive& archive() noexcept { return static_cast<Archive&>(*this); }
  template <class T>
  void take(T&& value) {
    using Value = std::remove_cvref_t<T>;
    if constexpr (is_aggregate_base<Value>) {
      (*this)(*value.base_ptr);
    } else if constexpr (!by_members<Value>) {
      Base::operator()(std::forward<T>(value));
    } else if constexpr (!is_packed<Value>) {
      archive().check_nesting();
      each_member(value, [this](auto&... member) { (*this)(member...); });
    } else if constexpr (Base::is_saving::value) {
      archive().saveBinary(&value, sizeof value);
    } else {
      archive().loadBinary(&value, sizeof value);
    }
  }
};

}  // namespace brood::detail
