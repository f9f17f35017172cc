#pragma once

#include <concepts>
#include <initializer_list>
#include <ranges>
#include <vector>

#include <brood/connection.hpp>
#include <brood/detail/chrono.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>

namespace brood {

/// An object to wait for: a connection, or a descriptor such as a process's sentinel. Threads: as
/// any value.
class Waitable {
 public:
  /// Stands for a connection, which must stay open while it is waited for. Throws UsageError where
  /// it is closed.
  Waitable(const Connection& connection) : number_(connection.file_descriptor()) {}
  /// Stands for a descriptor, which must stay open while it is waited for.
  Waitable(int file_descriptor) noexcept : number_(file_descriptor) {}
  /// The number of the descriptor.
  int file_descriptor() const noexcept { return number_; }
  /// Whether both have the same descriptor.
  friend bool operator==(const Waitable& one, const Waitable& other) noexcept {
    return one.number_ == other.number_;
  }

 private:
  int number_;
};

/// A range of what a Waitable is made of: connections or descriptors.
template <class Range>
concept WaitableRange = std::ranges::input_range<const Range> &&
    std::convertible_to<std::ranges::range_reference_t<const Range>, Waitable> &&
    !std::same_as<Range, std::vector<Waitable>>;

namespace detail {
template <WaitableRange Range>
std::vector<Waitable> waitables(const Range& objects) {
  std::vector<Waitable> found;
  for (auto&& object : objects) found.emplace_back(object);
  return found;
}
BROOD_API std::vector<Waitable> wait_by(const std::vector<Waitable>& objects,
                                        const Deadline& deadline);
}  // namespace detail

/// Blocks until one of `objects` is ready (a message or the end of a stream can be read, a process
/// has ended), for at most `timeout` where one is given. Returns those that are ready, in the order
/// of `objects`; empty when the time was over. Without objects and without a timeout it never
/// returns.
/// Throws SystemError; UsageError for a number that is no open descriptor. Threads: any. Cost: one
/// poll(2), proportional to the number of objects.
///   for (const auto& ready : brood::wait({a, b, process.sentinel()}, 1s)) …
template <class Rep, class Period>
std::vector<Waitable> wait(const std::vector<Waitable>& objects,
                           std::chrono::duration<Rep, Period> timeout) {
  return detail::wait_by(objects, detail::deadline_after(timeout));
}
inline std::vector<Waitable> wait(const std::vector<Waitable>& objects) {
  return detail::wait_by(objects, std::nullopt);
}
/// Same, but waits until `time` at most.
inline std::vector<Waitable> wait_until(const std::vector<Waitable>& objects,
                                        std::chrono::steady_clock::time_point time) {
  return detail::wait_by(objects, detail::deadline_at(time));
}
/// Same for a range of connections or descriptors. Throws UsageError also for a closed connection.
template <WaitableRange Range, class Rep, class Period>
std::vector<Waitable> wait(const Range& objects, std::chrono::duration<Rep, Period> timeout) {
  return wait(detail::waitables(objects), timeout);
}
template <WaitableRange Range>
std::vector<Waitable> wait(const Range& objects) {
  return wait(detail::waitables(objects));
}
/// Same, but waits until `time` at most.
template <WaitableRange Range>
std::vector<Waitable> wait_until(const Range& objects, std::chrono::steady_clock::time_point time) {
  return wait_until(detail::waitables(objects), time);
}

}  // namespace brood
