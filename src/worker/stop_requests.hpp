#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>

#include "base/mutex.hpp"
#include "protocol/page.hpp"
#include "worker/session_process.hpp"

namespace brood::worker {

/// The stop token of the element that runs, where it has asked for one, and the requests that come
/// for it: from the owner by the page, and at the owner's end.
class StopRequests {
 public:
  StopRequests(SessionProcess& process, protocol::WorkerPage& page)
      : process_(process), page_(page) {}

  /// The token of the element at `position` of the worker's sequence, which runs. From here on the
  /// owner may ask that element to stop. Throws SystemError where there can be no thread that looks
  /// for that. Threads: the one that serves.
  std::stop_token token(std::uint64_t position);
  /// The elements that have asked for tokens are over. Threads: the one that serves.
  void forget() noexcept;
  /// Requests the stop of what the owner has asked to stop, if that still runs. The user's
  /// callbacks run in this thread. Threads: any.
  void look();
  /// Has look() request the stop of what runs, as the owner would; false where that has not asked
  /// for its token. Threads: any.
  bool request();

 private:
  /// Of the element at that position + 1.
  std::optional<std::stop_source> source_of(std::uint64_t element);

  SessionProcess& process_;
  protocol::WorkerPage& page_;
  bool has_token_ = false;  // of the thread that serves
  base::Mutex mutex_;
  std::optional<std::stop_source> source_ BROOD_GUARDED_BY(mutex_);
  std::uint64_t element_ BROOD_GUARDED_BY(mutex_) = 0;  // its position + 1
};

}  // namespace brood::worker
