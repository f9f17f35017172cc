#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include <brood/detail/pool/run.hpp>
#include "protocol/messages.hpp"
#include "protocol/page.hpp"
#include "worker/element_timer.hpp"
#include "worker/log_buffer.hpp"
#include "worker/result_ring_writer.hpp"
#include "worker/session_process.hpp"

namespace brood::worker {

/// What the worker tells its owner, as frames: outcomes, which are built where they lie in the ring
/// of the page, acknowledgements and log records. The owner is woken for several at a time.
class ResultStream final : public detail::OutcomeSink {
 public:
  /// Of the ring, at most `capacity` bytes are used.
  ResultStream(SessionProcess& process, protocol::WorkerPage& page,
               std::size_t capacity = protocol::WorkerPage::buffer_size);

  /// Larger results become a CodecError.
  void set_message_limit(std::uint64_t bytes) noexcept { message_limit_ = bytes; }

  /// Points `run` at the elements of `header`, whose arguments are `arguments`.
  void begin(detail::Run& run, const protocol::RunHeader& header, const Reader& arguments);
  /// What becomes of the element that runs is reported in a frame of its own.
  void report_alone();
  /// Closes the open frame; says `skipped` if the owner has taken elements back. Call when the
  /// runner has returned.
  void end(detail::Run& run, const protocol::RunHeader& header);
  /// If the owner has taken elements back: drops them and says so.
  void acknowledge_revocation();
  /// True when elements before `sequence` have been taken back and dropped.
  bool dropped(std::uint64_t sequence) const noexcept { return sequence < fence_; }

  /// What is told next has not taken the time until now.
  void begin_lap() { lap_ = process_.now(); }

  void send(protocol::Type type, std::span<const std::byte> payload);
  /// From any thread. The main thread's is with the owner when this returns; another's goes out
  /// when the main thread has something to send.
  void log(const protocol::LogRecord& record);
  /// Has the owner see everything that has been told.
  void flush();
  /// The same if it is much or old.
  void flush_if_due();

  void stamp() override;
  bool keeps(std::uint64_t position) override;
  void make_room(detail::Run& run, std::size_t count, std::uint32_t stride) override;
  void put_large(detail::Run& run, std::span<const std::byte> record,
                 std::span<const std::byte> rest) override;
  void fail(detail::Run& run) override;
  void abandon() override;
  void put_folded(detail::Run& run, std::size_t count, std::span<const std::byte> record) override;
  void attach(detail::Run& run, std::span<const detail::DescriptorRef> descriptors) override;
  void decoded() override { times_.decoded(clock()); }
  void ran() override { times_.ran(clock()); }

 private:
  void encode_too_large(detail::Bytes& encoded) const;
  void check_size(std::uint64_t length) const;
  void end_element();
  std::uint64_t lap();    // ns since the last lap
  std::uint64_t clock();  // ns
  std::uint64_t begin_element(std::uint64_t now);
  void make_measured_room(detail::Run& run, std::size_t count, std::uint32_t stride);
  void open_next_frame(detail::Run& run, std::size_t count, std::uint32_t stride);
  std::size_t room_for_times() const noexcept;
  std::uint64_t put_times(std::uint64_t position) noexcept;
  void send_times();
  void open_frame(detail::Run& run, std::size_t count, std::uint32_t stride);
  void close_frame(detail::Run& run);
  void take_logs();
  protocol::ResultsHeader results_header(std::uint64_t count, std::uint32_t stride);

  SessionProcess& process_;
  detail::Run* run_ = nullptr;  // of the main thread, once there was one
  ResultRingWriter ring_;
  LogBuffer logs_;
  std::uint64_t job_ = 0, next_index_ = 0, next_sequence_ = 0;  // of the next outcome
  bool is_open_ = false;                                        // a frame is being filled
  std::uint32_t open_stride_ = 0;
  bool alone_ = false;              // the next frame has room for one result
  bool redirected_ = false;         // what elements write is for the owner
  bool has_element_ = false;        // one is to be told the end of
  std::byte* frame_end_ = nullptr;  // of the room of the open frame
  ElementTimer times_;
  bool always_timed_ = false;  // also elements that are not measured
  std::uint64_t message_limit_ = wire::default_frame_limit;
  std::uint64_t fence_ = 0;
  std::chrono::steady_clock::time_point lap_, last_flush_;
};

}  // namespace brood::worker
