#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "support/leak_check.hpp"

namespace brood::soak {

/// What must not grow from round to round.
class Growth {
 public:
  explicit Growth(std::function<void(const std::string&)> complain)
      : complain_(std::move(complain)) {}
  void check();
  std::size_t resident() const { return resident_; }

 private:
  testing::Belongings settled() const;
  void compare(const char* what, std::size_t now, std::size_t first) const;

  std::function<void(const std::string&)> complain_;
  std::optional<testing::Belongings> first_;
  int rounds_ = 0;
  std::size_t resident_ = 0, settled_resident_ = 0;
};

}  // namespace brood::soak
