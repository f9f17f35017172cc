#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>

namespace brood::testing {

/// 0, 1, 2, … for ever: a single-pass input range that counts how many it has given.
class InfiniteInput {
 public:
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    explicit iterator(InfiniteInput& input) : input_(&input) {}
    int operator*() const {
      if (input_->next_ == input_->throw_at_) throw std::range_error("the input is broken");
      if (input_->next_ == input_->taken_) {
        if (input_->taken_++ == input_->call_at_) input_->call_();
      }
      return input_->next_;
    }
    iterator& operator++() {
      ++input_->next_;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return false; }

   private:
    InfiniteInput* input_ = nullptr;
  };
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

  int taken() const { return taken_; }
  void throw_at(int position) { throw_at_ = position; }
  void call_at(int position, std::function<void()> call) {
    call_at_ = position;
    call_ = std::move(call);
  }

 private:
  int next_ = 0;
  int taken_ = 0;
  int throw_at_ = -1, call_at_ = -1;
  std::function<void()> call_;
};

}  // namespace brood::testing
