#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Workers, by their slots, in the order of a key; of those with equal keys the lower slot comes
/// first. A binary heap: to change a key takes a logarithm of its size, and workers that are not in
/// it take no time. Nothing but the constructor allocates, and what returns a vector.
template <class Key>
class SlotHeap {
 public:
  explicit SlotHeap(std::size_t slots) : places_(slots, none) { nodes_.reserve(slots); }

  std::size_t size() const noexcept { return nodes_.size(); }
  bool empty() const noexcept { return nodes_.empty(); }
  bool contains(WorkerId id) const noexcept { return places_[id] != none; }
  const Key& key_of(WorkerId id) const noexcept { return nodes_[places_[id]].first; }
  /// Nothing where it is empty.
  std::optional<Key> least() const {
    return empty() ? std::nullopt : std::optional(nodes_.front().first);
  }

  /// Takes the worker in, or gives it another key.
  void put(WorkerId id, const Key& key) noexcept {
    if (!contains(id)) {
      places_[id] = nodes_.size();
      nodes_.emplace_back(key, id);
    } else if (key_of(id) == key) {
      return;
    } else {
      nodes_[places_[id]].first = key;
    }
    settle(places_[id]);
  }
  void erase(WorkerId id) noexcept {
    const std::size_t place = std::exchange(places_[id], none);
    if (place == none) return;
    const Node last = nodes_.back();
    nodes_.pop_back();
    if (place == nodes_.size()) return;
    set(place, last);
    settle(place);
  }
  void set(WorkerId id, bool is_in, const Key& key) noexcept { is_in ? put(id, key) : erase(id); }

  /// The first worker whose key is less than `limit` and that `suits`. Cost: one call for each that
  /// comes before it, and does not suit.
  template <class Suits>
  std::optional<WorkerId> first_below(const Key& limit, Suits suits) const {
    std::optional<Node> best;
    search(0, limit, suits, best);
    return best ? std::optional(best->second) : std::nullopt;
  }
  /// Those whose key is `most` or less, in the order of their slots.
  std::vector<WorkerId> up_to(const Key& most) const {
    std::vector<WorkerId> found;
    collect(0, most, found);
    std::sort(found.begin(), found.end());
    return found;
  }
  /// All of them, in the order of their slots.
  std::vector<WorkerId> all() const {
    std::vector<WorkerId> found;
    for (const Node& node : nodes_) found.push_back(node.second);
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  using Node = std::pair<Key, WorkerId>;
  static constexpr std::size_t none = ~std::size_t{0};

  void set(std::size_t place, const Node& node) noexcept {
    nodes_[place] = node;
    places_[node.second] = place;
  }
  // The key at this place may be too small for it, or too large.
  void settle(std::size_t place) noexcept {
    const Node node = nodes_[place];
    for (; place != 0 && node < nodes_[(place - 1) / 2]; place = (place - 1) / 2)
      set(place, nodes_[(place - 1) / 2]);
    for (;;) {
      std::size_t child = 2 * place + 1;
      if (child + 1 < nodes_.size() && nodes_[child + 1] < nodes_[child]) ++child;
      if (child >= nodes_.size() || !(nodes_[child] < node)) break;
      set(place, nodes_[child]);
      place = child;
    }
    set(place, node);
  }
  // What stands below a place has larger keys.
  template <class Suits>
  void search(std::size_t place, const Key& limit, Suits& suits, std::optional<Node>& best) const {
    if (place >= nodes_.size() || !(nodes_[place].first < limit)) return;
    if (best && *best < nodes_[place]) return;
    if (suits(nodes_[place].second)) {
      best = nodes_[place];
      return;
    }
    search(2 * place + 1, limit, suits, best);
    search(2 * place + 2, limit, suits, best);
  }
  void collect(std::size_t place, const Key& most, std::vector<WorkerId>& found) const {
    if (place >= nodes_.size() || most < nodes_[place].first) return;
    found.push_back(nodes_[place].second);
    collect(2 * place + 1, most, found);
    collect(2 * place + 2, most, found);
  }

  std::vector<Node> nodes_;
  std::vector<std::size_t> places_;  // by slot
};

}  // namespace brood::pool
