#pragma once

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <brood/detail/codec/archive.hpp>

// A sender that chooses keys can have all of them collide in a hash table: each is compared with
// all before it. These overloads win over cereal's own, read the same bytes, and set a bound to it.
namespace brood {

namespace detail {
enum class Keys : bool { distinct, may_repeat };

template <class Table>
const typename Table::key_type& key_in(const typename Table::value_type& element) {
  if constexpr (requires { typename Table::mapped_type; }) {
    return element.first;
  } else {
    return element;
  }
}

/// Inserts beside `last`, the one before. What the search for an equal key has cost is about the
/// length of a chain; equal keys come one behind the other, and beside an equal one nothing is
/// searched.
template <Keys keys, class Table, class... Value>
void insert_beside(InputArchive& archive, Table& table, typename Table::iterator& last,
                   typename Table::key_type&& key, Value&&... value) {
  bool repeats = false;
  if constexpr (keys == Keys::may_repeat)
    repeats = last != table.end() && table.key_eq()(key_in<Table>(*last), key);
  last = table.emplace_hint(last, std::move(key), std::forward<Value>(value)...);
  if (!repeats && table.size() > InputArchive::free_steps)
    archive.count_steps(table.bucket_size(table.bucket(key_in<Table>(*last))));
}

template <Keys keys, class Map>
void load_hash_map(InputArchive& archive, Map& map) {
  cereal::size_type count = 0;
  archive(cereal::make_size_tag(count));
  map.clear();
  auto last = map.end();
  for (; count != 0; --count) {
    typename Map::key_type key;
    typename Map::mapped_type value;
    archive(cereal::make_map_item(key, value));
    insert_beside<keys>(archive, map, last, std::move(key), std::move(value));
  }
}

template <Keys keys, class Set>
void load_hash_set(InputArchive& archive, Set& set) {
  cereal::size_type count = 0;
  archive(cereal::make_size_tag(count));
  set.clear();
  set.reserve(static_cast<std::size_t>(count));
  auto last = set.end();
  for (; count != 0; --count) {
    typename Set::key_type key;
    archive(key);
    insert_beside<keys>(archive, set, last, std::move(key));
  }
}
}  // namespace detail

template <class K, class T, class H, class E, class A>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::unordered_map<K, T, H, E, A>& map) {
  detail::load_hash_map<detail::Keys::distinct>(archive, map);
}
template <class K, class T, class H, class E, class A>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::unordered_multimap<K, T, H, E, A>& map) {
  detail::load_hash_map<detail::Keys::may_repeat>(archive, map);
}
template <class K, class H, class E, class A>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::unordered_set<K, H, E, A>& set) {
  detail::load_hash_set<detail::Keys::distinct>(archive, set);
}
template <class K, class H, class E, class A>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::unordered_multiset<K, H, E, A>& set) {
  detail::load_hash_set<detail::Keys::may_repeat>(archive, set);
}

}  // namespace brood
