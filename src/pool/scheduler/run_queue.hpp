#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Jobs that have something to run: higher priorities first, and each in its order.
class RunQueue {
 public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  /// Of the highest priority, its first; the queue is not empty.
  JobId front() const { return first()->second.front(); }
  int highest_priority() const { return first()->first; }
  /// Jobs of that priority.
  std::size_t of_highest_priority() const { return first()->second.size(); }
  void pop_front() {
    const auto line = first();
    line->second.pop_front();
    --size_;
    if (line->first != usual && line->second.empty()) lines_.erase(line);
  }
  void push_back(JobId job, int priority) {
    lines_[priority].push_back(job);
    ++size_;
  }
  void push_front(JobId job, int priority) {
    lines_[priority].push_front(job);
    ++size_;
  }

 private:
  static constexpr int usual = 0;  // its line keeps its memory when it is empty
  using Lines = std::map<int, std::deque<JobId>, std::greater<>>;
  Lines::iterator first() {
    return std::find_if(lines_.begin(), lines_.end(),
                        [](const auto& line) { return !line.second.empty(); });
  }
  Lines::const_iterator first() const {
    return std::find_if(lines_.begin(), lines_.end(),
                        [](const auto& line) { return !line.second.empty(); });
  }

  Lines lines_;
  std::size_t size_ = 0;
};

}  // namespace brood::pool
