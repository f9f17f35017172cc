#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include <brood/detail/served_containers.hpp>
#include <brood/proxy.hpp>

// Containers in a manager's server. Each call is one message and its answer: some 20 µs. A value
// that comes back is a copy; what shall be shared inside of a container is a proxy itself:
// ManagedDict<std::string, ManagedList<int>>.
// All of them: Throws SystemError when the server has ended, CodecError for what cannot travel.
// Threads: any number, in any number of processes; each call is one step that no other call of the
// object sees half done. Fork: the child has the same object.
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

/// One value.
template <class T>
class ManagedValue {
  using Served = detail::ServedValue<T>;

 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedValue() = default;
  explicit ManagedValue(Proxy<Served> object) : object_(std::move(object)) {}

  T get() const { return object_.template call<&Served::get>(); }
  void set(const T& value) const { object_.template call<&Served::set>(value); }
  /// Sets it and returns what it was.
  T exchange(const T& value) const { return object_.template call<&Served::exchange>(value); }
  /// Changes it in the server, in one step: `change(T&)` does, or returns what it shall be. It is
  /// what a task is: a function, a captureless lambda, … Returns what the value is then.
  template <class F>
  T update(const F& change) const {
    return object_.apply(detail::make_updater(change));
  }

  friend bool operator==(const ManagedValue&, const ManagedValue&) = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(object_);
  }

 private:
  Proxy<Served> object_;
};

/// Keys and values: a std::map, or a std::unordered_map where K has no operator<.
template <class K, class V>
class ManagedDict {
  using Served = detail::ServedDict<K, V>;

 public:
  using Items = std::vector<std::pair<K, V>>;

  /// Refers to nothing; every call throws UsageError.
  ManagedDict() = default;
  explicit ManagedDict(Proxy<Served> object) : object_(std::move(object)) {}

  /// Inserts or replaces.
  void set(const K& key, const V& value) const { object_.template call<&Served::set>(key, value); }
  /// Inserts unless the key is there: whether it did.
  bool insert(const K& key, const V& value) const {
    return object_.template call<&Served::insert>(key, value);
  }
  /// Sets all of them, in one step: a range of pairs, a std::map.
  template <std::ranges::input_range Range>
  void update(const Range& items) const {
    Items pairs;
    for (const auto& [key, value] : items) pairs.emplace_back(key, value);
    object_.template call<&Served::merge>(pairs);
  }
  /// Changes one value in the server, in one step: `change(V&)` does, or returns what it shall be.
  /// A value that is not there begins as V(). Returns what it is then.
  template <class F>
  V update(const K& key, const F& change) const {
    return object_.apply(detail::make_updater(change), key);
  }

  /// Throws std::out_of_range when there is none.
  V at(const K& key) const { return object_.template call<&Served::at>(key); }
  /// Nothing when there is none.
  std::optional<V> get(const K& key) const {
    return detail::first_of(object_.template call<&Served::find>(key));
  }
  V get(const K& key, const V& otherwise) const { return get(key).value_or(otherwise); }
  /// The value that is there, or this one, which then is.
  V get_or_insert(const K& key, const V& value) const {
    return object_.template call<&Served::get_or_insert>(key, value);
  }
  /// Takes it out; nothing when there is none.
  std::optional<V> pop(const K& key) const {
    return detail::first_of(object_.template call<&Served::take>(key));
  }
  /// Whether it was there.
  bool erase(const K& key) const { return object_.template call<&Served::erase>(key); }
  bool contains(const K& key) const { return object_.template call<&Served::contains>(key); }
  void clear() const { object_.template call<&Served::clear>(); }
  std::size_t size() const { return object_.template call<&Served::size>(); }
  bool empty() const { return size() == 0; }
  /// Copies, in the order of the keys where they have one.
  Items items() const { return object_.template call<&Served::items>(); }
  std::vector<K> keys() const { return object_.template call<&Served::keys>(); }
  std::vector<V> values() const { return object_.template call<&Served::values>(); }

  friend bool operator==(const ManagedDict&, const ManagedDict&) = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(object_);
  }

 private:
  Proxy<Served> object_;
};

/// Values in a row. Indices that are not there: std::out_of_range.
template <class T>
class ManagedList {
  using Served = detail::ServedList<T>;

 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedList() = default;
  explicit ManagedList(Proxy<Served> object) : object_(std::move(object)) {}

  void push_back(const T& value) const { object_.template call<&Served::push_back>(value); }
  /// Appends all of them, in one step.
  template <std::ranges::input_range Range>
  void extend(const Range& values) const {
    object_.template call<&Served::append>(
        std::vector<T>(std::ranges::begin(values), std::ranges::end(values)));
  }
  /// Takes the last one out. Throws std::out_of_range when there is none.
  T pop_back() const { return object_.template call<&Served::pop_back>(); }
  /// Takes one out.
  T pop(std::size_t index) const { return object_.template call<&Served::pop>(index); }
  T at(std::size_t index) const { return object_.template call<&Served::at>(index); }
  void set(std::size_t index, const T& value) const {
    object_.template call<&Served::set>(index, value);
  }
  /// Before the one at `index`, which may be size().
  void insert(std::size_t index, const T& value) const {
    object_.template call<&Served::insert>(index, value);
  }
  void erase(std::size_t index) const { object_.template call<&Served::erase>(index); }
  /// Changes one in the server, in one step: `change(T&)` does, or returns what it shall be.
  /// Returns what it is then.
  template <class F>
  T update(std::size_t index, const F& change) const {
    return object_.apply(detail::make_updater(change), index);
  }
  void clear() const { object_.template call<&Served::clear>(); }
  std::size_t size() const { return object_.template call<&Served::size>(); }
  bool empty() const { return size() == 0; }
  /// A copy of all, or of those that there are from `first` on and before `last`.
  std::vector<T> items() const { return object_.template call<&Served::items>(); }
  std::vector<T> items(std::size_t first, std::size_t last) const {
    return object_.template call<&Served::slice>(first, last);
  }

  friend bool operator==(const ManagedList&, const ManagedList&) = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(object_);
  }

 private:
  Proxy<Served> object_;
};

}  // namespace brood
