#pragma once

#include <brood/detail/shared/handle.hpp>

namespace brood {

/// A flag that threads of any processes can set, clear and wait for.
/// A handle: a copy, in this process or another, is the same event.
/// Threads: any. Signals: set, clear and is_set may be called in a signal handler.
/// Fork: the child has the same event. No call throws but as it says. Cost: a system call for a
/// set() that changes it, and for a wait that has to. Layout: memory of its own with a header and a
/// count of changes; odd means set.
class BROOD_API Event : public detail::SharedHandle {
 public:
  /// A new event, not set. Throws SystemError.
  Event();

  /// Sets the event: all waiters go on, and all waits until clear() return at once. Never blocks.
  void set() const noexcept;
  /// Clears the event: later waits block. Never blocks.
  void clear() const noexcept;
  /// Whether the event is set. Never blocks.
  bool is_set() const noexcept;
  /// Blocks until the event is set. Returns also where it was cleared again at once.
  void wait() const { wait_by(std::nullopt); }
  /// Same, but for at most `duration`, or not at all where that is not positive. Returns whether
  /// the event was set.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_by(detail::deadline_after(duration));
  }
  /// Same, until `time` at most.
  bool wait_until(std::chrono::steady_clock::time_point time) const {
    return wait_by(detail::deadline_at(time));
  }

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no Event.
  void load(InputArchive& archive);

 private:
  friend class detail::UndecodedAccess;
  explicit Event(detail::Undecoded) {}
  bool wait_by(const detail::Deadline& deadline) const;
};

}  // namespace brood
