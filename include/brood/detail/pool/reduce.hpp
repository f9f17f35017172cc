#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/pool/run.hpp>
#include <brood/detail/pool/runners.hpp>

// How map_reduce folds, in workers and in the caller.
namespace brood::detail {

/// The two functions of map_reduce.
template <class F, class C>
struct MapReduce {
  F map{};
  C combine{};
  template <class Archive>
  void save(Archive& archive) const {
    save_callable(archive, map);
    save_callable(archive, combine);
  }
  template <class Archive>
  void load(Archive& archive) {
    load_callable(archive, map);
    load_callable(archive, combine);
  }
};

/// Folds values of consecutive elements as a tree whose shape depends on their positions alone: a
/// node has 2^k elements and begins at a multiple of 2^k. So the result does not depend on which
/// process folds which part, and rounding is that of pairwise summation.
template <class Acc, class C>
class FoldTree {
 public:
  struct Node {
    std::size_t first, count;
    Acc value;
  };
  /// The node behind the last one. When combine throws, what it was given is in no node any more.
  void add(C& combine, Node node) {
    while (!nodes_.empty() && nodes_.back().count == node.count &&
           nodes_.back().first % (2 * node.count) == 0) {
      Node left = std::move(nodes_.back());
      nodes_.pop_back();
      node = {left.first, 2 * node.count,
              Acc(std::invoke(combine, std::move(left.value), std::move(node.value)))};
    }
    nodes_.push_back(std::move(node));
  }
  /// In order, at most two of each size.
  std::vector<Node>& nodes() noexcept { return nodes_; }

 private:
  std::vector<Node> nodes_;
};

/// map_reduce(f, range of T, combine, init): folds what it claims and sends the nodes.
template <class F, class C, class Acc, class T>
void run_reduce(Run& run) {
  FoldTree<Acc, C> tree;
  std::size_t unsent = 0;  // elements in nodes
  const auto send = [&] {
    for (auto& node : tree.nodes()) {
      unsent -= node.count;
      try {
        run.put_folded(node.count, node.value);
      } catch (...) {  // it cannot be encoded
        for (; node.count != 0; --node.count) run.fail();
      }
    }
    tree.nodes().clear();
  };
  while (run.next()) {
    ++unsent;
    try {
      Reader source = run.argument();
      T value = decode_value<T>(source);
      if constexpr (!is_flat<T>) run.decoded();
      auto& functions = run.function<MapReduce<F, C>>();
      tree.add(functions.combine,
               {run.index(), 1, static_cast<Acc>(call_with(functions.map, value))});
    } catch (...) {
      send();
      for (; unsent != 0; --unsent) run.fail();  // this one, and what combine had been given
    }
  }
  send();
}

}  // namespace brood::detail
