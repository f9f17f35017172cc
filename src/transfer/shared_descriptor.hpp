#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include <brood/detail/bytes.hpp>
#include "base/mutex.hpp"
#include "platform/descriptor.hpp"
#include "platform/mapping.hpp"
#include "platform/robust_mutex.hpp"

namespace brood::detail {

/// A descriptor that belongs to a shared object: in this process one for all handles of the object.
/// It stays the same object in every process that it is sent to, known by its token.
/// Threads: any.
/// Fork: memory and leases stay; a stream is closed in a pool's forked workers, where a copy of one
/// end would keep the other from seeing the end of the stream.
class SharedDescriptor {
 public:
  enum class Kind : std::uint32_t {
    memory,
    stream,
    /// A socket that is held, not read: its other end learns when no holder is left.
    lease,
    /// One that stands for a lease elsewhere. Each process that passes calls on has its own.
    relayed_lease,
  };
  struct Token {  // 128 bits, drawn by the process that made the object
    std::uint64_t high = 0, low = 0;
    auto operator<=>(const Token&) const = default;
  };

  enum class TokenUse : bool {
    alone,
    taken,  // another object was here under it: this one is kept apart
  };

  SharedDescriptor(platform::Descriptor descriptor, Kind kind, Token token, TokenUse use);
  ~SharedDescriptor();
  SharedDescriptor(const SharedDescriptor&) = delete;
  SharedDescriptor& operator=(const SharedDescriptor&) = delete;

  const Token& token() const noexcept { return token_; }
  Kind kind() const noexcept { return kind_; }
  /// What stands for it in new bytes, under a token of its own, where it is kept apart; else null.
  /// Throws SystemError.
  DescriptorRef alias() const;
  static constexpr bool is_lease(Kind kind) noexcept {
    return kind == Kind::lease || kind == Kind::relayed_lease;
  }
  bool is_lease() const noexcept { return is_lease(kind_); }
  /// Whether it is this process's by fork(2).
  bool is_inherited() const noexcept;
  /// One that this forked process closed: its handles are of no use, another may take its place.
  bool is_closed() const noexcept;
  /// The number in this process. Throws UsageError for a stream that this forked worker closed.
  int get() const;
  /// The memory behind it; mapped by the first call, which says how much of it, or it is all that
  /// there is now. The caller knows that it stays there. Throws SystemError.
  std::span<std::byte> memory(std::optional<std::size_t> size = std::nullopt) const;

  /// What this process notes of the lock in the memory, where there is one.
  struct Holding {
    platform::MutexHold mutex;  // the memory stays while a thread of ours holds it
    // How often the holder has it. That lock guards it, which lies in shared memory: no annotation
    // can name it, and clang does not follow it.
    std::uint32_t depth = 0;
    std::atomic<bool> owner_died{false};  // found when it was taken last
  };
  Holding& holding() const noexcept { return holding_; }

  /// What this process has found in the memory when it first had the object, and does not read
  /// there again: others can write it.
  struct Noted {
    std::atomic<std::uint32_t> kind{0};  // 0: nothing has been noted
    std::atomic<std::uint64_t> count_and_one{0};
  };
  Noted& noted() const noexcept { return noted_; }

 private:
  const int number_;
  const bool is_foreign_;
  const Kind kind_;
  const Token token_;
  const TokenUse token_use_;
  const unsigned generation_;
  mutable base::Mutex mutex_;
  mutable DescriptorRef alias_ BROOD_GUARDED_BY(mutex_);
  mutable platform::SharedMapping mapping_ BROOD_GUARDED_BY(mutex_);
  mutable Holding holding_;
  mutable Noted noted_;
};

/// A new object's. Throws SystemError.
DescriptorRef share_descriptor(platform::Descriptor descriptor, SharedDescriptor::Kind kind);
/// One that has come from another process, or the one that is here already. Where another object is
/// here under its token, one of the two has been given a false name, or they are leases by way of
/// two processes: what came is kept apart then, to be found only beside the bytes that it came
/// with, and the token alone stands for neither. Throws CodecError for a kind that there is not.
DescriptorRef receive_descriptor(platform::Descriptor descriptor, SharedDescriptor::Kind kind,
                                 SharedDescriptor::Token token);
/// The one with this token, as long as this process holds it; else null.
/// `beside` came along with the token, or is empty where that is not known; a null in front stands
/// for what found no room here: then the token stands for what is beside it alone. When it is not
/// here, sources are asked to receive what waits for them.
DescriptorRef find_descriptor(SharedDescriptor::Token token,
                              std::span<const DescriptorRef> beside = {});

/// Where descriptors come from that have not been received yet. It receives what waits, keeps it,
/// and returns what it has under the token, or null.
/// Threads: called by any that decodes, one at a time.
using DescriptorSource = std::function<DescriptorRef(SharedDescriptor::Token)>;
void set_descriptor_source(DescriptorSource source);

/// How many descriptors of shared objects this process has.
std::size_t shared_descriptors() noexcept;

/// In a forked process that has closed all streams: handles of older ones say so.
void note_streams_closed() noexcept;

/// In a forked process that serves others than its parent: closes streams and leases, which would
/// keep from ending what they belong to. Handles of older ones say so.
void abandon_descriptors() noexcept;

}  // namespace brood::detail
