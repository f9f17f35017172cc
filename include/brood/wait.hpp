#pragma once

#include <chrono>
#include <initializer_list>
#include <ranges>
#include <vector>

#include <brood/connection.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>

namespace brood {

/// What wait() takes: a connection, or a descriptor such as a process's sentinel.
class Waitable {
 public:
  Waitable(const Connection& connection) : number_(connection.file_descriptor()) {}
  Waitable(int file_descriptor) noexcept : number_(file_descriptor) {}
  int file_descriptor() const noexcept { return number_; }
  friend bool operator==(const Waitable& one, const Waitable& other) noexcept {
    return one.number_ == other.number_;
  }

 private:
  int number_;
};

namespace detail {
BROOD_API std::vector<Waitable> wait_until(const std::vector<Waitable>& objects,
                                           const Deadline& deadline);
}

/// Those of `objects` that are ready: a message or the end of a stream can be read, a process has
/// ended. In their order; empty when `timeout` came first. Blocks until one of them is.
/// Throws SystemError, UsageError for a closed connection. Threads: any.
///   for (const auto& ready : brood::wait({a, b, process.sentinel()}, 1s)) …
template <class Rep, class Period>
std::vector<Waitable> wait(const std::vector<Waitable>& objects,
                           std::chrono::duration<Rep, Period> timeout) {
  return detail::wait_until(objects, detail::deadline_after(timeout));
}
inline std::vector<Waitable> wait(const std::vector<Waitable>& objects) {
  return detail::wait_until(objects, std::nullopt);
}
/// The same for a range of connections or descriptors.
template <std::ranges::input_range Range>
requires(!std::is_same_v<std::remove_cvref_t<Range>, std::vector<Waitable>>)
    std::vector<Waitable> wait(const Range& objects, auto... timeout) {
  return wait(std::vector<Waitable>(std::ranges::begin(objects), std::ranges::end(objects)),
              timeout...);
}

}  // namespace brood
