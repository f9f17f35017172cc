#pragma once

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

namespace detail {
BROOD_API std::vector<Waitable> wait_by(const std::vector<Waitable>& objects,
                                        const Deadline& deadline);
}

/// Blocks until one of `objects` is ready (a message or the end of a stream can be read, a process
/// has ended), for at most `timeout` where one is given. Returns those that are ready, in the order
/// of `objects`; empty when the time was over.
/// Throws SystemError; UsageError for a number that is no open descriptor. Threads: any.
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
template <std::ranges::input_range Range>
requires(!std::is_same_v<std::remove_cvref_t<Range>, std::vector<Waitable>>)
    std::vector<Waitable> wait(const Range& objects, auto... timeout) {
  return wait(std::vector<Waitable>(std::ranges::begin(objects), std::ranges::end(objects)),
              timeout...);
}
/// Same, but waits until `time` at most.
template <std::ranges::input_range Range>
requires(!std::is_same_v<std::remove_cvref_t<Range>, std::vector<Waitable>>)
    std::vector<Waitable> wait_until(const Range& objects,
                                     std::chrono::steady_clock::time_point time) {
  return wait_until(std::vector<Waitable>(std::ranges::begin(objects), std::ranges::end(objects)),
                    time);
}

}  // namespace brood
