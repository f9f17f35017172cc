#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <brood/detail/bytes.hpp>

namespace brood::pool {

class CallJob;
class Outbox;

/// The frame that sends elements of a job to a worker, while it is put into an outbox: what is
/// copied, then what is borrowed. Where memory is refused halfway the outbox has a part of it.
class RunFrame {
 public:
  RunFrame(Outbox& outbox, const CallJob& job);

  /// Nothing has been borrowed yet.
  void copy(std::span<const std::byte> bytes) { tail_.append(bytes.data(), bytes.size()); }
  /// Continues with `memory` without a copy. `keeper` keeps it valid; null: the job does.
  void borrow(std::span<const std::byte> memory, std::shared_ptr<const void> keeper);
  /// All of it is there. Returns its size in bytes.
  std::size_t finish() noexcept;

 private:
  Outbox& outbox_;
  const CallJob& job_;
  detail::Bytes& tail_;  // stays where it is when more is borrowed
  const std::size_t begin_;
  std::size_t borrowed_ = 0;  // bytes
};

}  // namespace brood::pool
