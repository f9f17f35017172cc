#pragma once

#include "base/mutex.hpp"

/// A number that threads share; each source here defines what it says something about.
class Counter {
 public:
  void add_one();
  void wait_for(int value);

 private:
  void clear() BROOD_REQUIRES(mutex_) { value_ = 0; }

  brood::base::Mutex mutex_;
  brood::base::ConditionVariable changed_;
  int value_ BROOD_GUARDED_BY(mutex_) = 0;
};
