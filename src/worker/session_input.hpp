#pragma once

#include <cstddef>

#include <brood/codec.hpp>
#include "worker/task_stream.hpp"

namespace brood::worker {

/// The rest of a frame that has not arrived yet. The end of the stream in its midst ends the
/// process: the owner is gone.
class RestOfFrame final : public detail::Supply {
 public:
  RestOfFrame(SessionProcess& process, TaskStream& input, std::size_t left)
      : process_(process), input_(input), left_(left) {}
  std::size_t left() const noexcept override { return left_; }
  void read(void* target, std::size_t count) override;
  /// Reads what is still unread.
  void skip();

 private:
  SessionProcess& process_;
  TaskStream& input_;
  std::size_t left_;
};

}  // namespace brood::worker
