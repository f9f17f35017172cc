#pragma once

#include <algorithm>
#include <deque>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// When this process was stopped, which counts for no limit of time: the last times.
class Stops {
 public:
  void add(Time end, Nanoseconds duration) {
    if (stops_.size() == most) stops_.pop_front();
    stops_.push_back({end, duration});
  }
  /// `since`, later by what this process was stopped after it.
  Time without(Time since) const {
    Time later = since;
    for (const Stop& stop : stops_) {
      if (stop.end > since) later += std::min<Nanoseconds>(stop.duration, stop.end - since);
    }
    return later;
  }

 private:
  static constexpr std::size_t most = 32;
  struct Stop {
    Time end;
    Nanoseconds duration;
  };
  std::deque<Stop> stops_;
};

}  // namespace brood::pool
