#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <span>
#include <string>

namespace brood::hostile {

/// Says which outcomes may not be. An element that an honest worker has run has its right value;
/// one that no honest worker has run may have whatever a hostile one says of it, but it ends.
/// Threads: any.
class Referee {
 public:
  /// `where` stands in front of every complaint: what repeats it.
  explicit Referee(std::string where) : where_(std::move(where)) {}

  /// The element's value, right or not.
  void judge(std::uint32_t number, bool right);
  /// The error that a call of these elements has ended in.
  void judge(std::span<const std::uint32_t> numbers, const std::exception_ptr& error);
  void complain(const std::string& text);
  bool satisfied() const { return complaints_ == 0; }

 private:
  const std::string where_;
  std::atomic<int> complaints_{0};
};

}  // namespace brood::hostile
