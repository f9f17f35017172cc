#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Elements that wait before they are tried again.
class DelayedElements {
 public:
  struct Element {
    JobId job;
    std::size_t index;
  };
  void add(Time due, const Element& element) { elements_.emplace(due, element); }
  /// One whose time has come: it waits no longer.
  std::optional<Element> take_due(Time now) {
    if (elements_.empty() || elements_.begin()->first > now) return std::nullopt;
    const Element due = elements_.begin()->second;
    elements_.erase(elements_.begin());
    return due;
  }
  std::optional<Time> next() const {
    return elements_.empty() ? std::nullopt : std::optional(elements_.begin()->first);
  }
  bool has_any_of(JobId job) const {
    return std::any_of(elements_.begin(), elements_.end(),
                       [job](const auto& entry) { return entry.second.job == job; });
  }
  /// False if the element does not wait.
  bool give_up(JobId job, std::size_t index) {
    return std::erase_if(elements_, [&](const auto& entry) {
             return entry.second.job == job && entry.second.index == index;
           }) != 0;
  }

 private:
  std::multimap<Time, Element> elements_;
};

}  // namespace brood::pool
