#pragma once

#include <cstddef>

#include <brood/codec.hpp>

namespace brood::worker {

/// The rest of a frame that is still in the task pipe. The end of the pipe in its midst ends the
/// process: the owner is gone.
class TaskPipe final : public detail::Supply {
 public:
  TaskPipe(int descriptor, std::size_t left) : descriptor_(descriptor), left_(left) {}
  std::size_t left() const noexcept override { return left_; }
  void read(void* target, std::size_t count) override;
  /// Reads what nobody has asked for.
  void skip();

 private:
  int descriptor_;
  std::size_t left_;
};

}  // namespace brood::worker
