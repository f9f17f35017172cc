#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// A set of workers, by their slots and in the order of these. A bit for each slot, and one for
/// each word of bits: to change it, and to get from one member to the next, takes the same time
/// however many workers are not in it. A walk goes on behind the slot that it has come to, whatever
/// has been changed meanwhile. Nothing but the constructor allocates.
class SlotSet {
 public:
  explicit SlotSet(std::size_t slots)
      : words_((slots + bits - 1) / bits), filled_((words_.size() + bits - 1) / bits) {}

  bool contains(WorkerId id) const noexcept { return (words_[id / bits] & bit(id)) != 0; }
  void insert(WorkerId id) noexcept {
    if (contains(id)) return;
    ++size_;
    words_[id / bits] |= bit(id);
    filled_[id / bits / bits] |= bit(id / bits);
  }
  void erase(WorkerId id) noexcept {
    if (!contains(id)) return;
    --size_;
    words_[id / bits] &= ~bit(id);
    if (words_[id / bits] == 0) filled_[id / bits / bits] &= ~bit(id / bits);
  }
  void set(WorkerId id, bool is_in) noexcept { is_in ? insert(id) : erase(id); }
  void clear() noexcept {
    for (const WorkerId id : *this) erase(id);
  }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::optional<WorkerId> first() const noexcept {
    return empty() ? std::nullopt : std::optional(*begin());
  }

  class Iterator {
   public:
    Iterator(const SlotSet& set, std::size_t slot) noexcept : set_(set), slot_(slot) {}
    WorkerId operator*() const noexcept { return static_cast<WorkerId>(slot_); }
    Iterator& operator++() noexcept {
      slot_ = set_.find(slot_ + 1);
      return *this;
    }
    bool operator!=(const Iterator& other) const noexcept { return slot_ != other.slot_; }

   private:
    const SlotSet& set_;
    std::size_t slot_;
  };
  Iterator begin() const noexcept { return {*this, find(0)}; }
  Iterator end() const noexcept { return {*this, none}; }

 private:
  using Word = std::uint64_t;
  static constexpr std::size_t bits = 64;
  static constexpr std::size_t none = ~std::size_t{0};

  static Word bit(std::size_t number) noexcept { return Word{1} << number % bits; }
  static std::size_t lowest(Word word) noexcept {
    return static_cast<std::size_t>(std::countr_zero(word));
  }
  /// The bits from this number on, of a word that has it.
  static Word from(Word word, std::size_t number) noexcept { return word & ~(bit(number) - 1); }
  /// The first member at `slot` or behind it.
  std::size_t find(std::size_t slot) const noexcept {
    const std::size_t word = slot / bits;
    if (word >= words_.size()) return none;
    if (const Word here = from(words_[word], slot)) return word * bits + lowest(here);
    for (std::size_t next = word + 1; next / bits < filled_.size();
         next = (next / bits + 1) * bits) {
      const Word filled = from(filled_[next / bits], next);
      if (filled == 0) continue;
      const std::size_t found = next / bits * bits + lowest(filled);
      return found * bits + lowest(words_[found]);
    }
    return none;
  }

  std::vector<Word> words_;
  std::vector<Word> filled_;  // which words are not zero
  std::size_t size_ = 0;
};

}  // namespace brood::pool
