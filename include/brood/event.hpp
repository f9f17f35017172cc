#pragma once

#include <brood/detail/shared_handle.hpp>

namespace brood {

/// A flag that threads of any processes can set, clear and wait for.
/// A handle: a copy, in this process or another, is the same event.
/// Threads: any. Signals: set, clear and is_set may be called in a signal handler.
/// Fork: the child has the same event.
/// Layout: memory of its own with a header and a count of changes; odd means set.
class BROOD_API Event : public detail::SharedHandle {
 public:
  /// A new event, not set. Throws SystemError.
  Event();
  /// For decoding only: refers to nothing until load().
  explicit Event(detail::Undecoded) {}

  /// Sets the event: all waiters go on, and all waits until clear() return at once. Never blocks.
  void set() const noexcept;
  /// Clears the event: later waits block. Never blocks.
  void clear() const noexcept;
  /// Whether the event is set. Never blocks.
  bool is_set() const noexcept;
  /// Blocks until the event is set. Returns also where it was cleared again at once.
  void wait() const { wait_until(std::nullopt); }
  /// Same, but for at most `duration`, or not at all where that is not positive. Returns whether
  /// the event was set.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_until(detail::deadline_after(duration));
  }
  /// Same, until `deadline`; std::nullopt means without a limit.
  bool wait_until(detail::Deadline deadline) const;

  /// Encode and decode the handle. Throw CodecError: save() where it refers to nothing, load() for
  /// bytes that are no Event.
  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);
};

}  // namespace brood
