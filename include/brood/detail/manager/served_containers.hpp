#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <brood/detail/manager/served_call.hpp>

// What ManagedDict, ManagedList and ManagedValue are in the server: plain objects, whose calls the
// server runs one after the other. What a remote program puts there is charged to it until it is
// overwritten or taken out; beside the values, so that others' cost no more.
namespace brood::detail {

/// Either `change(value)` changes it in place, or it returns what it shall be.
template <class T, class F>
void change_value(T& value, F& change) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, T&>>) {
    std::invoke(change, value);
  } else {
    value = std::invoke(change, value);
  }
}

template <class T>
class ServedValue : public KeepsCharges {
 public:
  explicit ServedValue(T value) : value_(std::move(value)) {}
  void was_made() { charge_ = take_charge(); }
  const T& get() const { return value_; }
  void set(T value) { exchange(std::move(value)); }
  T exchange(T value) {
    T old = std::exchange(value_, std::move(value));
    charge_ = take_charge();
    return old;
  }
  template <class F>
  const T& update(F change) {
    change_value(value_, change);
    return value_;
  }

 private:
  T value_;
  Charge charge_;
};

template <class K, class V>
class ServedDict : public KeepsCharges {
  static constexpr bool has_order = requires(const K& one, const K& other) {
    { one < other } -> std::convertible_to<bool>;
  };
  template <class Key, class To, bool ordered>
  struct MapOf {
    using type = std::map<Key, To>;
  };
  template <class Key, class To>
  struct MapOf<Key, To, false> {
    using type = std::unordered_map<Key, To>;
  };
  template <class To>
  using Map = typename MapOf<K, To, has_order>::type;

 public:
  using Items = std::vector<std::pair<K, V>>;

  void set(K key, V value) { put(std::move(key), std::move(value), take_charge()); }
  bool insert(K key, V value) {
    const auto [item, is_new] = items_.emplace(std::move(key), std::move(value));
    if (is_new) keep(item->first, take_charge());
    return is_new;
  }
  void merge(Items items) {
    Charge charge = take_charge();
    std::size_t left = items.size();
    for (auto& [key, value] : items) put(std::move(key), std::move(value), charge.split(left--));
  }
  const V& at(const K& key) const {
    const auto found = items_.find(key);
    if (found == items_.end()) throw std::out_of_range("brood::ManagedDict: there is no such key");
    return found->second;
  }
  const V& get_or_insert(K key, V value) {
    const auto [item, is_new] = items_.emplace(std::move(key), std::move(value));
    if (is_new) keep(item->first, take_charge());
    return item->second;
  }
  /// None or one: without an optional's serializer.
  std::vector<V> find(const K& key) const {
    const auto found = items_.find(key);
    return found == items_.end() ? std::vector<V>() : std::vector<V>{found->second};
  }
  std::vector<V> take(const K& key) {
    const auto found = items_.find(key);
    if (found == items_.end()) return {};
    std::vector<V> taken{std::move(found->second)};
    items_.erase(found);
    charges_.erase(key);
    return taken;
  }
  bool contains(const K& key) const { return items_.contains(key); }
  bool erase(const K& key) {
    charges_.erase(key);
    return items_.erase(key) != 0;
  }
  std::size_t size() const { return items_.size(); }
  void clear() {
    items_.clear();
    charges_.clear();
  }
  Items items() const { return Items(items_.begin(), items_.end()); }
  std::vector<K> keys() const {
    std::vector<K> result;
    for (const auto& item : items_) result.push_back(item.first);
    return result;
  }
  std::vector<V> values() const {
    std::vector<V> result;
    for (const auto& item : items_) result.push_back(item.second);
    return result;
  }
  template <class F>
  const V& update(const K& key, F change) {
    const auto [item, is_new] = items_.try_emplace(key);
    try {
      change_value(item->second, change);
    } catch (...) {
      if (is_new) items_.erase(item);
      throw;
    }
    if (is_new) keep(key, take_charge());
    return item->second;
  }

 private:
  void put(K key, V value, Charge charge) {
    const auto item = items_.insert_or_assign(std::move(key), std::move(value)).first;
    keep(item->first, std::move(charge));
  }
  void keep(const K& key, Charge charge) {
    if (charge.empty()) {
      charges_.erase(key);
    } else {
      charges_.insert_or_assign(key, std::move(charge));
    }
  }

  Map<V> items_;
  Map<Charge> charges_;  // of those that are charged
};

template <class T>
class ServedList : public KeepsCharges {
 public:
  void push_back(T value) { insert(items_.size(), std::move(value)); }
  void append(std::vector<T> values) {
    const std::size_t index = items_.size();
    items_.insert(items_.end(), std::make_move_iterator(values.begin()),
                  std::make_move_iterator(values.end()));
    charges_.inserted(index, values.size(), items_.size(), take_charge());
  }
  T pop_back() {
    position(0, "pop_back from an empty list");
    return pop(items_.size() - 1);
  }
  T pop(std::size_t index) {
    T taken = std::move(*position(index));
    erase(index);
    return taken;
  }
  const T& at(std::size_t index) { return *position(index); }
  void set(std::size_t index, T value) {
    *position(index) = std::move(value);
    charges_.replaced(index, items_.size(), take_charge());
  }
  void insert(std::size_t index, T value) {
    if (index > items_.size()) out_of_range("there is no such index");
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(index), std::move(value));
    charges_.inserted(index, 1, items_.size(), take_charge());
  }
  void erase(std::size_t index) {
    items_.erase(position(index));
    charges_.erased(index);
  }
  std::size_t size() const { return items_.size(); }
  void clear() {
    items_.clear();
    charges_.clear();
  }
  std::vector<T> items() const { return std::vector<T>(items_.begin(), items_.end()); }
  std::vector<T> slice(std::size_t first, std::size_t last) const {
    last = std::min(last, items_.size());
    first = std::min(first, last);
    return std::vector<T>(items_.begin() + static_cast<std::ptrdiff_t>(first),
                          items_.begin() + static_cast<std::ptrdiff_t>(last));
  }
  template <class F>
  const T& update(std::size_t index, F change) {
    T& value = *position(index);
    change_value(value, change);
    return value;
  }

 private:
  [[noreturn]] static void out_of_range(const char* what) {
    throw std::out_of_range(std::string("brood::ManagedList: ") + what);
  }
  auto position(std::size_t index, const char* what = "there is no such index") {
    if (index >= items_.size()) out_of_range(what);
    return items_.begin() + static_cast<std::ptrdiff_t>(index);
  }

  ChargesInARow charges_;
  std::deque<T> items_;  // also of bool, whose vector has no elements
};

}  // namespace brood::detail
