#pragma once

#include <poll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <brood/detail/codec/descriptor_ref.hpp>
#include <brood/detail/pool/job.hpp>
#include "platform/descriptor.hpp"
#include "pool/output/console.hpp"
#include "pool/output/line_prefixer.hpp"
#include "pool/output/output_tail.hpp"
#include "pool/output/print_queue.hpp"
#include "protocol/output.hpp"

namespace brood::pool {

/// What the elements of one worker write, as its owner reads it: README.md in src/pool, "What
/// elements write". The worker may send anything: what is kept of it is bounded by what calls have
/// asked for. No function waits. Threads: under the lock of the OutputReader that serves it.
class WorkerOutput {
 public:
  /// The owner's ends are in the new object, `sockets` are the worker's. `has_sandbox`: it keeps
  /// its streams. `reads` is WorkerPage::output_reads, and there until end(). Throws SystemError.
  static std::shared_ptr<WorkerOutput> make(std::string name, bool has_sandbox,
                                            std::atomic<std::uint64_t>& reads,
                                            std::vector<detail::DescriptorRef>& sockets);
  WorkerOutput(const WorkerOutput&) = delete;
  WorkerOutput& operator=(const WorkerOutput&) = delete;

  /// Of elements from this position on the last `limit` bytes are kept. Throws std::bad_alloc.
  void expect(std::uint64_t sequence, std::size_t limit) {
    if (limits_.empty() || std::prev(limits_.end())->second != limit) limits_[sequence] = limit;
  }
  /// Reads what has come, some of it at a time.
  void serve(PrintQueue& queue);
  /// Lets the worker go on whose element has ended, when the element's lines have been printed.
  void answer(const Console& console);
  /// Of an element whose outcome has come; null: nothing. Earlier ones are dropped.
  detail::ElementOutput take(std::uint64_t sequence) noexcept;
  /// Of the element that the worker has died in.
  detail::ElementOutput last(std::uint64_t sequence, PrintQueue& queue);
  /// The worker has ended: completes its lines.
  void end(PrintQueue& queue);

  /// What to wait for. `can_print`: there is room for more lines.
  void watch(std::vector<pollfd>& watched, bool can_print) const;

 private:
  struct Stream {
    platform::Descriptor socket;
    bool is_over = false;  // nothing more can come
    LinePrefixer lines;
  };
  /// A stream that what an element has started still has.
  struct Outlived {
    Stream stream;
    std::string prefix;  // empty: nothing of it is printed
    std::size_t number;  // of the stream
  };
  using Chunk = std::span<std::byte>;

  WorkerOutput(std::string name, bool has_sandbox, std::atomic<std::uint64_t>& reads)
      : name_(std::move(name)), has_sandbox_(has_sandbox), reads_word_(reads) {}
  bool is_captured() const noexcept;
  std::size_t used_streams() const noexcept { return is_captured() ? 1 : output_streams; }
  std::string prefix() const;
  std::size_t limit_of(std::uint64_t sequence) const noexcept;
  std::size_t largest_limit() const noexcept;

  static std::string_view read(Stream& stream, Chunk chunk);
  std::string_view read_current(std::size_t stream);
  std::optional<protocol::OutputMessage> next_message();
  void begin(const protocol::OutputMessage& message) noexcept;
  void add(std::size_t stream, std::string_view bytes, PrintQueue& queue);
  void end_element(const protocol::OutputMessage& message, PrintQueue& queue);
  void keep(std::uint64_t sequence);
  void drop_before(std::uint64_t sequence) noexcept;
  void serve_outlived(PrintQueue& queue);
  std::vector<platform::Descriptor> renew_streams();
  void send_answer(std::span<const platform::Descriptor> streams) noexcept;

  const std::string name_;
  const bool has_sandbox_;
  std::atomic<std::uint64_t>& reads_word_;
  std::uint64_t reads_ = 0;  // as told there
  bool has_ended_ = false;
  platform::Descriptor control_;
  std::array<Stream, output_streams> streams_;
  std::deque<Outlived> outlived_;

  std::uint32_t flags_ = 0;                               // of the elements that run
  std::uint64_t index_ = 0;                               // of the one that runs
  OutputTail tail_;                                       // of the element that runs
  std::map<std::uint64_t, detail::ElementOutput> ended_;  // by position in its sequence
  std::size_t ended_bytes_ = 0;                           // in these
  std::uint64_t next_end_ = 0;                            // behind the last that has ended
  std::map<std::uint64_t, std::size_t> limits_;           // from such a position on
  std::optional<std::array<std::uint64_t, output_streams>> answer_behind_;  // owed, when printed
};

}  // namespace brood::pool
