#pragma once

#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include <brood/detail/codec/encode.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/manager/ref.hpp>

namespace brood {

/// Named values of any types in a manager's server, made by Manager::space: Python's Namespace. A
/// handle: copies are the same object, and == tells whether two are of the same one.
///   auto space = manager.space();
///   space.set("limit", 7);
///   int limit = space.get<int>("limit");
/// A value keeps the type it was set with: a value set as an int cannot be read as a long.
/// Throws SystemError when the server has ended, CodecError for a value that cannot be sent,
/// QuotaError for a remote program. Every call sends a message and blocks until the answer is
/// there. Threads: any number, in any number of processes. Fork: the child has the same object.
/// Cost: some 20 µs for a call.
class BROOD_API ManagedSpace : public detail::ManagedRef {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedSpace() = default;

  /// Adds a value under this name, or replaces it. The new value may have another type.
  template <class T>
  void set(const std::string& name, const T& value) const {
    using Value = detail::stored_t<T>;
    detail::Bytes request = begin_set(name, typeid(Value));
    detail::put_argument<Value>(request, value);
    send_request(*this, request);
  }
  /// A copy of the value. Throws std::out_of_range when the name is not there, UsageError when the
  /// value has another type than T.
  template <class T>
  T get(const std::string& name) const {
    return find(name, typeid(T)).template get<T>();
  }
  /// Whether there is a value of this name.
  bool has(const std::string& name) const;
  /// Removes the value. Returns whether it was there.
  bool erase(const std::string& name) const;
  /// All names, in alphabetical order.
  std::vector<std::string> names() const;

  /// Whether it refers to an object.
  using ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using ManagedRef::load;

 private:
  friend class ObjectFactory;
  explicit ManagedSpace(detail::ManagedRef object) : ManagedRef(std::move(object)) {}
  detail::Bytes begin_set(const std::string& name, const std::type_info& type) const;
  detail::Reply find(const std::string& name, const std::type_info& type) const;
};

}  // namespace brood
