#pragma once

#include <brood/detail/shared_handle.hpp>

namespace brood {

/// Something that has happened or not yet.
/// A handle: a copy, in this process or another, is the same event.
/// Threads: any. Signals: set, clear and is_set may be called in a handler.
/// Fork: the child has the same event.
/// Layout: memory of its own with a header and a count of changes; odd means set.
class BROOD_API Event : public detail::SharedHandle {
 public:
  /// A new one, not set. Throws SystemError.
  Event();
  explicit Event(detail::Undecoded) {}

  /// Lets everybody go on who waits, or will before clear(). Never blocks.
  void set() const noexcept;
  void clear() const noexcept;
  bool is_set() const noexcept;
  /// Waits until it is set, if only for a moment.
  void wait() const { wait_until(std::nullopt); }
  /// Whether it was set before `duration` was over; one that is not positive only looks.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_until(detail::deadline_after(duration));
  }
  /// Same, to a point in time; nothing means for ever.
  bool wait_until(detail::Deadline deadline) const;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);
};

}  // namespace brood
