#pragma once

#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include <brood/detail/encode.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/managed_ref.hpp>

namespace brood {

/// Named values of any types in a manager's server: Python's Namespace.
///   auto space = manager.space();
///   space.set("limit", 7);
///   int limit = space.get<int>("limit");
/// A value keeps the type it was set with: what is set as an int is not got as a long.
/// Throws SystemError when the server has ended, CodecError for what cannot travel.
/// Threads: any number, in any number of processes. Fork: the child has the same object.
class BROOD_API ManagedSpace : public detail::ManagedRef {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedSpace() = default;
  explicit ManagedSpace(detail::ManagedRef object) : ManagedRef(std::move(object)) {}

  template <class T>
  void set(const std::string& name, const T& value) const {
    using Value = detail::stored_t<T>;
    detail::Bytes request = begin_set(name, typeid(Value));
    detail::put_argument<Value>(request, value);
    call(request);
  }
  /// Throws std::out_of_range when there is no such name, UsageError when it is no T.
  template <class T>
  T get(const std::string& name) const {
    return find(name, typeid(T)).template get<T>();
  }
  bool has(const std::string& name) const;
  /// Whether it was there.
  bool erase(const std::string& name) const;
  /// In alphabetical order.
  std::vector<std::string> names() const;

 private:
  detail::Bytes begin_set(const std::string& name, const std::type_info& type) const;
  detail::Reply find(const std::string& name, const std::type_info& type) const;
};

}  // namespace brood
