#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include <brood/detail/manager/served_containers.hpp>
#include <brood/proxy.hpp>

namespace brood {

namespace detail {
/// Runs in the server with the object, and changes it there.
template <class F>
struct Updater {
  F change{};

  template <class Served, class... Key>
  decltype(auto) operator()(Served& object, const Key&... key) {
    return object.update(key..., change);
  }
  template <class Archive>
  void save(Archive& archive) const {
    save_callable(archive, change);
  }
  template <class Archive>
  void load(Archive& archive) {
    load_callable(archive, change);
  }
};
template <class F>
Updater<std::decay_t<F>> make_updater(const F& change) {
  check_task<std::decay_t<F>>();
  return {change};
}
template <class T>
std::optional<T> first_of(std::vector<T> found) {
  if (found.empty()) return std::nullopt;
  return std::optional<T>(std::move(found.front()));
}
}  // namespace detail

/// One value in a manager's server, made by Manager::value. A handle: copies are the same value.
/// Every call sends a message and blocks until the answer is there. Throws SystemError when the
/// server has ended, CodecError for a value that cannot be sent, QuotaError for a remote program.
/// Threads: any number, in any number of processes; no call sees another one half done. Fork: the
/// child has the same value. Cost: some 20 µs for a call.
template <class T>
class ManagedValue {
  using Served = detail::ServedValue<T>;

 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedValue() = default;

  /// A copy of the value.
  T get() const { return object_.template call<&Served::get>(); }
  /// Replaces the value.
  void set(const T& value) const { object_.template call<&Served::set>(value); }
  /// Replaces the value and returns the old one.
  T exchange(const T& value) const { return object_.template call<&Served::exchange>(value); }
  /// Changes the value in the server, in one step, and returns the new one. `change(T&)` changes it
  /// in place, or returns the new value. `change` is what a task may be: a function, a captureless
  /// lambda, … Throws what `change` throws.
  template <class F>
  T update(const F& change) const {
    return object_.apply(detail::make_updater(change));
  }

  /// Whether both are handles of the same object.
  friend bool operator==(const ManagedValue&, const ManagedValue&) = default;
  /// Encodes or decodes the handle.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(object_);
  }

 private:
  friend class ObjectFactory;
  explicit ManagedValue(Proxy<Served> object) : object_(std::move(object)) {}

  Proxy<Served> object_;
};

/// A dictionary in a manager's server, made by Manager::dict: a std::map, or a std::unordered_map
/// where K has no operator<. A handle: copies are the same dictionary. A value that is returned is
/// a copy. To share a part, store a proxy in it: ManagedDict<std::string, ManagedList<int>>. Every
/// call sends a message and blocks until the answer is there. Throws SystemError when the server
/// has ended, CodecError for a value that cannot be sent, QuotaError for a remote program. Threads:
/// any number, in any number of processes; no call sees another one half done. Fork: the child has
/// the same dictionary. Cost: some 20 µs for a call.
template <class K, class V>
class ManagedDict {
  using Served = detail::ServedDict<K, V>;

 public:
  /// Pairs of a key and its value.
  using Items = std::vector<std::pair<K, V>>;

  /// Refers to nothing; every call throws UsageError.
  ManagedDict() = default;

  /// Inserts the value, or replaces that of the key.
  void set(const K& key, const V& value) const { object_.template call<&Served::set>(key, value); }
  /// Inserts the value unless there is one for the key. Returns whether it was inserted.
  bool insert(const K& key, const V& value) const {
    return object_.template call<&Served::insert>(key, value);
  }
  /// Inserts or replaces all of `items`, in one step: a range of pairs, a std::map.
  template <std::ranges::input_range Range>
  void update(const Range& items) const {
    Items pairs;
    for (const auto& [key, value] : items) pairs.emplace_back(key, value);
    object_.template call<&Served::merge>(pairs);
  }
  /// Changes the value of a key in the server, in one step, and returns the new one: see
  /// ManagedValue::update. Where the key has no value, `change` gets V().
  template <class F>
  V update(const K& key, const F& change) const {
    return object_.apply(detail::make_updater(change), key);
  }

  /// The value of the key. Throws std::out_of_range when there is none.
  V at(const K& key) const { return object_.template call<&Served::at>(key); }
  /// The value of the key; empty when there is none.
  std::optional<V> get(const K& key) const {
    return detail::first_of(object_.template call<&Served::find>(key));
  }
  /// The value of the key; `otherwise` when there is none.
  V get(const K& key, const V& otherwise) const { return get(key).value_or(otherwise); }
  /// The value of the key. Where there is none, inserts `value` and returns it.
  V get_or_insert(const K& key, const V& value) const {
    return object_.template call<&Served::get_or_insert>(key, value);
  }
  /// Removes the key and returns its value; empty when there is none.
  std::optional<V> pop(const K& key) const {
    return detail::first_of(object_.template call<&Served::take>(key));
  }
  /// Removes the key. Returns whether it was there.
  bool erase(const K& key) const { return object_.template call<&Served::erase>(key); }
  /// Whether the key is there.
  bool contains(const K& key) const { return object_.template call<&Served::contains>(key); }
  /// Removes all keys.
  void clear() const { object_.template call<&Served::clear>(); }
  /// Number of keys.
  std::size_t size() const { return object_.template call<&Served::size>(); }
  /// Whether that is 0.
  bool empty() const { return size() == 0; }
  /// Copies of all pairs, in the order of the keys where they have one.
  Items items() const { return object_.template call<&Served::items>(); }
  /// Copies of all keys, in their order where they have one.
  std::vector<K> keys() const { return object_.template call<&Served::keys>(); }
  /// Copies of all values, in the order of the keys where they have one.
  std::vector<V> values() const { return object_.template call<&Served::values>(); }

  /// Whether both are handles of the same object.
  friend bool operator==(const ManagedDict&, const ManagedDict&) = default;
  /// Encodes or decodes the handle.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(object_);
  }

 private:
  friend class ObjectFactory;
  explicit ManagedDict(Proxy<Served> object) : object_(std::move(object)) {}

  Proxy<Served> object_;
};

/// A list in a manager's server, made by Manager::list. A handle: copies are the same list. A value
/// that is returned is a copy. To share a part, store a proxy in it.
/// Every call sends a message and blocks until the answer is there. Throws SystemError when the
/// server has ended, CodecError for a value that cannot be sent, QuotaError for a remote program;
/// std::out_of_range for an index that is not there. Threads: any number, in any number of
/// processes; no call sees another one half done. Fork: the child has the same list. Cost: some 20
/// µs for a call.
template <class T>
class ManagedList {
  using Served = detail::ServedList<T>;

 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedList() = default;

  /// Appends a value.
  void push_back(const T& value) const { object_.template call<&Served::push_back>(value); }
  /// Appends all of `values`, in one step.
  template <std::ranges::input_range Range>
  void extend(const Range& values) const {
    object_.template call<&Served::append>(
        std::vector<T>(std::ranges::begin(values), std::ranges::end(values)));
  }
  /// Removes the last value and returns it. Throws std::out_of_range where the list is empty.
  T pop_back() const { return object_.template call<&Served::pop_back>(); }
  /// Removes the value at `index` and returns it.
  T pop(std::size_t index) const { return object_.template call<&Served::pop>(index); }
  /// A copy of the value at `index`.
  T at(std::size_t index) const { return object_.template call<&Served::at>(index); }
  /// Replaces the value at `index`.
  void set(std::size_t index, const T& value) const {
    object_.template call<&Served::set>(index, value);
  }
  /// Inserts a value before that at `index`, or at the end where `index` is size().
  void insert(std::size_t index, const T& value) const {
    object_.template call<&Served::insert>(index, value);
  }
  /// Removes the value at `index`.
  void erase(std::size_t index) const { object_.template call<&Served::erase>(index); }
  /// Changes the value at `index` in the server, in one step, and returns the new one: see
  /// ManagedValue::update.
  template <class F>
  T update(std::size_t index, const F& change) const {
    return object_.apply(detail::make_updater(change), index);
  }
  /// Removes all values.
  void clear() const { object_.template call<&Served::clear>(); }
  /// Number of values.
  std::size_t size() const { return object_.template call<&Served::size>(); }
  /// Whether that is 0.
  bool empty() const { return size() == 0; }
  /// Copies of all values.
  std::vector<T> items() const { return object_.template call<&Served::items>(); }
  /// Copies of the values with an index from `first` to before `last`. Indices beyond the end are
  /// no error.
  std::vector<T> items(std::size_t first, std::size_t last) const {
    return object_.template call<&Served::slice>(first, last);
  }

  /// Whether both are handles of the same object.
  friend bool operator==(const ManagedList&, const ManagedList&) = default;
  /// Encodes or decodes the handle.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(object_);
  }

 private:
  friend class ObjectFactory;
  explicit ManagedList(Proxy<Served> object) : object_(std::move(object)) {}

  Proxy<Served> object_;
};

}  // namespace brood
