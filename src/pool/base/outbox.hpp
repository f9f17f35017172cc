#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include <brood/detail/bytes.hpp>
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// What is to be written to a worker: bytes of its own, or bytes that a keeper keeps valid, and
/// descriptors of shared objects between them. Pure: see WorkerChannel::write for the system calls.
/// Threads: the one that drives the link.
class Outbox {
 public:
  /// Where small messages are appended.
  detail::Bytes& tail();
  /// Continues with `memory` without a copy: `keeper` keeps it valid, and `job` owns it.
  void borrow(std::span<const std::byte> memory, std::shared_ptr<const void> keeper, JobId job);
  /// Continues with descriptors of shared objects: what follows them here is not written before
  /// they have been sent.
  void attach(std::uint64_t attachment_group, std::span<const detail::DescriptorRef> descriptors);
  /// Copies what is borrowed from `job`: that memory is about to go. False without memory for the
  /// copy: then all is forgotten, half sent as it may be.
  bool detach(JobId job) noexcept;
  bool refers_to(JobId job) const;
  bool empty() const noexcept {
    return parts_.empty() || (parts_.size() == 1 && parts_.front().view().empty());
  }
  /// Drops what has not been written, and what it refers to.
  void clear() noexcept {
    parts_.clear();
    written_ = 0;
  }

  /// The descriptors that are to be sent before any byte; empty: none. The outbox is not empty.
  std::span<const detail::DescriptorRef> attachments() const noexcept {
    return parts_.front().attachments;
  }
  std::uint64_t attachment_group() const noexcept { return parts_.front().attachment_group; }
  /// All of them have been sent, or have been given up.
  void attachments_are_done() noexcept { parts_.front().attachments.clear(); }
  /// All but the last `left` have been sent: the worker is told at once to fetch those, for what
  /// waits for room may wait for them to be fetched.
  void attachments_are_left(std::size_t left);
  /// The bytes to be written next, up to the next attachments; returns how many views it has set.
  std::size_t gather(std::span<std::span<const std::byte>> views) const;
  /// So many of these bytes have been written.
  void consume(std::size_t count);

 private:
  struct Part {
    detail::Bytes own;
    std::span<const std::byte> borrowed;
    std::shared_ptr<const void> keeper;
    JobId job = 0;
    std::vector<detail::DescriptorRef> attachments;  // to be sent before
    std::uint64_t attachment_group = 0;
    std::span<const std::byte> view() const noexcept { return keeper ? borrowed : own.view(); }
  };
  std::deque<Part> parts_;
  std::size_t written_ = 0;  // of the front part
};

}  // namespace brood::pool
