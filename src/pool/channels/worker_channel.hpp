#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <brood/detail/bytes.hpp>
#include "pool/base/outbox.hpp"
#include "protocol/page.hpp"
#include "protocol/result_ring.hpp"
#include "protocol/task_ring.hpp"
#include "transfer/descriptor_channel.hpp"

namespace brood::pool {

/// What goes between the owner and one worker: the two rings of its page, wake-ups, and descriptors
/// of shared objects. It decides when the worker is woken and when the owner may sleep; a derived
/// class makes the system calls. ChannelReactor and BorrowedChannel decide when which of it is
/// done. src/protocol/README.md has the rules, src/pool/README.md the threads. Threads: the one
/// that drives the link.
class WorkerChannel {
 public:
  explicit WorkerChannel(std::size_t task_capacity) : tasks_(task_capacity) {}
  virtual ~WorkerChannel() = default;
  WorkerChannel(const WorkerChannel&) = delete;
  WorkerChannel& operator=(const WorkerChannel&) = delete;

  /// The memory that it shares with the worker. Threads: any.
  protocol::WorkerPage& page() const noexcept { return *page_; }

  // --- what the worker reports ---
  /// Whether results wait in the ring.
  bool has_unread() const noexcept { return results.has_unread(*page_); }
  /// The same, or there is much of the room that the last write() has found missing.
  bool has_news() const noexcept { return has_unread() || (full_ && tasks_.has_much_room(*page_)); }
  /// Some of them have been read: wakes the worker if it sleeps for want of room.
  void give_room() noexcept;
  /// The next descriptors of shared objects that the worker has sent, without waiting.
  virtual transfer::ReceivedDescriptors receive_descriptors() = 0;
  /// Takes the wake-ups that have come through the socket, without waiting. False where no more
  /// will. Throws CodecError for anything else.
  virtual bool receive_wake_ups() = 0;

  // --- what it is sent ---
  enum class Stop : std::uint8_t {
    none,
    ring_full,
    channel_full,
    crowded,
    refused,  // the worker takes no descriptors any more
  };
  /// Writes as much of the outbox as ring and descriptor channel take, wakes the worker for it, and
  /// says why that is not all. Throws CodecError where the ring makes no sense.
  virtual Stop write();
  /// The end of its tasks, when the outbox is empty: it leaves when it has done what it has.
  void end_tasks() noexcept;

  /// Asks the element at that position + 1 of the worker's sequence to stop. Threads: any.
  void request_stop(std::uint64_t element) noexcept;

  // --- wake-ups ---
  /// Asks for one, which comes when the worker reports something, or has made room that the last
  /// write() has found missing, and looks again. False: it has done so already, and nothing is to
  /// be waited for.
  virtual bool ask_for_wake_up(protocol::WakeUp how) noexcept;
  /// Wakes the caller that drives the worker, if it sleeps. Threads: any.
  void wake_caller() noexcept;

  protocol::ResultRing results;
  Outbox outbox;

 protected:
  /// Of a worker that has not begun.
  void set_page(void* memory) noexcept {
    page_ = static_cast<protocol::WorkerPage*>(memory);
    page_->revocation.store(protocol::WorkerPage::not_revoked);
  }
  /// These have come through the socket. Throws CodecError for what is none, or not asked for.
  void take_wake_ups(std::span<const std::byte> came);

 private:
  /// Wakes the worker, which sleeps on `worker_waits` of its page.
  virtual void wake_worker() noexcept = 0;
  /// Wakes the worker's thread that sleeps on `stop_requests` of its page.
  virtual void wake_for_stop() noexcept = 0;
  /// Wakes the caller, which sleeps on `owner_waits` of its page.
  virtual void wake_owner() noexcept = 0;
  /// Sends descriptors of shared objects without waiting, and takes those from `unsent` that have
  /// gone, or never will. `gone`: the worker takes none any more, although it lives.
  virtual platform::SendState send_now(std::uint64_t attachment_group,
                                       std::span<const detail::DescriptorRef>& unsent) = 0;

  Stop send_attachments();
  bool write_parts();
  std::size_t write_part(std::span<const std::byte> bytes);
  void wake_for_tasks() noexcept;

  protocol::WorkerPage* page_ = nullptr;
  protocol::TaskRing tasks_;
  bool ends_ = false;             // when the outbox is empty
  bool full_ = false;             // as the last write() has found the ring
  bool asked_for_room_ = false;   // and not used any since
  std::size_t wake_ups_due_ = 0;  // through the socket
};

}  // namespace brood::pool
