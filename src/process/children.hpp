#pragma once

#include <memory>
#include <vector>

#include <brood/detail/process/target.hpp>

namespace brood::detail {
class ProcessCore;
}

// The children of this process that have been started and not been seen to end.
namespace brood::process {

/// Puts a child on the list; takes it off again unless it is to stay.
class ListedChild {
 public:
  explicit ListedChild(std::shared_ptr<detail::ProcessCore> child);
  ~ListedChild();
  ListedChild(const ListedChild&) = delete;
  ListedChild& operator=(const ListedChild&) = delete;
  void stay() noexcept { child_ = nullptr; }

 private:
  const detail::ProcessCore* child_;
};
void unlist(const detail::ProcessCore* child) noexcept;
/// In the order in which they were started; none in a forked copy of their owner.
std::vector<std::shared_ptr<detail::ProcessCore>> listed_children();

}  // namespace brood::process
