#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <brood/detail/codec/descriptor_ref.hpp>
#include "platform/descriptor.hpp"
#include "protocol/messages.hpp"
#include "protocol/output.hpp"

namespace brood::worker {

/// stdout and stderr of this process, while elements run whose output is for the owner: numbers 1
/// and 2 lead to it then, for all code in the process. README.md, "What elements write". Threads:
/// the one that serves.
class OutputRedirect {
 public:
  enum class Streams : bool {
    of_one,  // each element gets streams of its own
    kept,    // a sandbox lets no process outlive an element, and receives no descriptors
  };

  /// `reads` is WorkerPage::output_reads.
  explicit OutputRedirect(const std::atomic<std::uint64_t>& reads) noexcept : reads_(reads) {}

  /// With the sockets of protocol::output_attachment_group. Nothing where they are others, or none:
  /// begin() is false then. Throws SystemError.
  void open(const std::vector<detail::DescriptorRef>& sockets);
  bool is_open() const noexcept { return static_cast<bool>(control_); }
  void keep_streams() noexcept { use_ = Streams::kept; }

  /// From here on elements write to the owner. False where that cannot be had. Ends the process
  /// where the owner has gone.
  bool begin(const protocol::RunHeader& header);
  /// The current element has ended: blocks until the owner has all that it has written.
  void end_element();
  /// From here on all is as it was before begin().
  void leave() noexcept;

 private:
  /// How stdio buffers a stream.
  struct Buffering {
    bool by_line = false, fresh = false, none = false;
  };
  static constexpr std::size_t most_streams = protocol::output_streams;

  std::size_t used_streams() const noexcept;
  void begin_element() noexcept;
  void ask_for_streams();
  void tell_end();
  bool has_said_nothing() const noexcept;
  bool save();
  bool redirect() noexcept;
  void restore() noexcept;
  void tell(protocol::OutputMessage::Kind kind) const;
  void await_answer();

  platform::Descriptor control_;
  std::array<platform::Descriptor, most_streams> streams_;
  std::array<platform::Descriptor, most_streams> saved_;  // empty: the number was closed
  Buffering buffering_;
  Streams use_ = Streams::of_one;
  const std::atomic<std::uint64_t>& reads_;
  protocol::OutputMessage element_{};  // the one that runs
  std::uint64_t reads_before_ = 0, faults_before_ = 0;
  bool active_ = false;  // 1 and 2 lead to the owner
};

}  // namespace brood::worker
