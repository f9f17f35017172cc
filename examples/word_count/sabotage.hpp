#pragma once

#include <brood/brood.hpp>
#include <string>
#include <vector>

namespace word_count {

/// Two tasks of which either would be the end of a program that runs it by itself: one writes to
/// where no memory is, the other never ends. They run in the pool beside what it has to do.
class Sabotage {
 public:
  explicit Sabotage(brood::Pool& pool);
  /// Waits until both are over: a line for each, which names the worker and its end.
  std::vector<std::string> ends();

 private:
  brood::AsyncResult<void> crash_, hang_;
};

}  // namespace word_count
