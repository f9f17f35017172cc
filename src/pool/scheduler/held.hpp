#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Consecutive elements of one job that a worker was sent together.
struct Chunk {
  JobId job;
  std::size_t first, count;
  std::uint64_t sequence;
  std::uint64_t cost;  // ns expected for each
  std::size_t bytes;   // of each argument
  int priority;
  bool has_key;  // it is to stay with its worker, within limits
};

/// What one worker holds, in the order of its sequence. The first element of the front is its
/// *head*: the next to be resolved.
class Held {
 public:
  bool empty() const noexcept { return chunks_.empty(); }
  const Chunk& front() const { return chunks_.front(); }
  const Chunk& back() const { return chunks_.back(); }
  std::size_t chunks() const noexcept { return chunks_.size(); }
  std::size_t elements() const noexcept { return elements_; }
  std::size_t bytes() const noexcept { return bytes_; }
  /// ns of work.
  std::uint64_t expected() const noexcept { return expected_; }
  bool has_any_of(JobId job) const {
    return std::any_of(chunks_.begin(), chunks_.end(),
                       [job](const Chunk& chunk) { return chunk.job == job; });
  }
  /// The chunk of the element at `sequence`; null: it does not hold that. Not always the front:
  /// what that one has reported may still be on its way.
  const Chunk* find(std::uint64_t sequence) const {
    const auto found = std::find_if(chunks_.begin(), chunks_.end(), [=](const Chunk& chunk) {
      return chunk.sequence <= sequence && sequence - chunk.sequence < chunk.count;
    });
    return found == chunks_.end() ? nullptr : &*found;
  }
  /// Whether the element at `sequence` is the last of it.
  bool ends_with(std::uint64_t sequence) const {
    return !empty() && back().sequence + back().count == sequence + 1;
  }

  void add(const Chunk& chunk) {
    chunks_.push_back(chunk);
    count(chunk, chunk.count);
  }
  /// The first elements have outcomes; they are of one chunk.
  void resolve(std::size_t number) {
    Chunk& front = chunks_.front();
    front.first += number;
    front.sequence += number;
    front.count -= number;
    uncount(front, number);
    if (front.count == 0) chunks_.pop_front();
  }
  /// Takes from the last chunk what stands at position `keep` and behind it; returns that.
  Chunk take_back(std::uint64_t keep) {
    Chunk& back = chunks_.back();
    Chunk taken = back;
    const std::size_t kept =
        keep > back.sequence ? std::min<std::size_t>(keep - back.sequence, back.count) : 0;
    taken.first += kept;
    taken.sequence += kept;
    taken.count -= kept;
    uncount(back, taken.count);
    back.count = kept;
    if (kept == 0) chunks_.pop_back();
    return taken;
  }
  /// All of it: the worker is gone.
  std::deque<Chunk> clear() {
    elements_ = bytes_ = 0;
    expected_ = 0;
    return std::exchange(chunks_, {});
  }

 private:
  void count(const Chunk& chunk, std::size_t number) {
    elements_ += number;
    bytes_ += number * chunk.bytes;
    expected_ += number * chunk.cost;
  }
  void uncount(const Chunk& chunk, std::size_t number) {
    elements_ -= number;
    bytes_ -= number * chunk.bytes;
    expected_ -= number * chunk.cost;
  }

  std::deque<Chunk> chunks_;
  std::size_t elements_ = 0, bytes_ = 0;
  std::uint64_t expected_ = 0;
};

}  // namespace brood::pool
