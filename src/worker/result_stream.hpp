#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <brood/detail/pool/run.hpp>
#include "base/mutex.hpp"
#include "protocol/messages.hpp"
#include "protocol/page.hpp"
#include "worker/session_host.hpp"

namespace brood::worker {

/// The worker's end of the result stream: frames are built in the ring of the page, and the owner
/// is woken for several at a time.
class ResultStream final : public detail::RunHost {
 public:
  /// Of the ring, at most `capacity` bytes are used.
  ResultStream(SessionHost& host, protocol::WorkerPage& page,
               std::size_t capacity = protocol::WorkerPage::buffer_size);

  /// Larger results become a CodecError.
  void set_message_limit(std::uint64_t bytes) noexcept { message_limit_ = bytes; }

  /// Points `run` at the elements of `header`, whose arguments are `arguments`.
  void begin(detail::Run& run, const protocol::RunHeader& header, const Reader& arguments);
  /// Closes the open frame; says `skipped` if the owner has taken elements back. Call when the
  /// runner has returned.
  void end(detail::Run& run, const protocol::RunHeader& header);
  /// If the owner has taken elements back: drops them and says so.
  void acknowledge_revocation();
  /// True when elements before `sequence` have been taken back and dropped.
  bool dropped(std::uint64_t sequence) const noexcept { return sequence < fence_; }

  void send(protocol::Type type, std::span<const std::byte> payload);
  /// From any thread. The main thread's is with the owner when this returns; another's goes out
  /// when the main thread has something to send.
  void log(const protocol::LogRecord& record);
  /// Has the owner see everything that has been told.
  void flush();
  /// The same if it is much or old.
  void flush_if_due();

  void make_room(detail::Run& run, std::size_t count, std::uint32_t stride) override;
  void put_large(detail::Run& run, std::span<const std::byte> record,
                 std::span<const std::byte> rest) override;
  void fail(detail::Run& run) override;
  void abandon() override;
  void put_folded(detail::Run& run, std::size_t count, std::span<const std::byte> record) override;
  void attach(detail::Run& run, std::span<const detail::DescriptorRef> descriptors) override;

 private:
  void encode_too_large(detail::Bytes& encoded) const;
  void check_size(std::uint64_t length) const;
  std::uint64_t lap();  // ns since the last lap
  std::uint64_t head() const noexcept { return page_->head.load(std::memory_order_relaxed); }
  std::uint64_t closed() const noexcept { return page_->closed.load(std::memory_order_relaxed); }
  void open_frame(detail::Run& run, std::size_t count, std::uint32_t stride);
  void close_frame(detail::Run& run);
  void append(std::span<const std::byte> bytes);
  void publish(std::uint64_t position) noexcept;
  std::size_t room() const noexcept;
  void wait_for_room(std::size_t count);
  void take_logs();
  protocol::ResultsHeader results_header(std::uint64_t count, std::uint32_t stride);

  SessionHost& host_;
  detail::Run* run_ = nullptr;  // of the main thread, once there was one
  protocol::WorkerPage* const page_;
  const std::size_t capacity_;
  std::uint64_t job_ = 0, next_index_ = 0, next_sequence_ = 0;  // of the next outcome
  bool is_open_ = false;                                        // a frame is being filled
  std::uint32_t open_stride_ = 0;
  std::uint64_t message_limit_ = wire::default_frame_limit;
  std::uint64_t fence_ = 0;
  std::uint64_t flushed_ = 0;  // position that the owner was made to see last
  std::chrono::steady_clock::time_point lap_, last_flush_;
  base::Mutex log_mutex_;
  detail::Bytes logs_ BROOD_GUARDED_BY(log_mutex_);
  std::atomic<bool> has_logs_{false};
};

}  // namespace brood::worker
