#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include <brood/codec.hpp>
#include "protocol/messages.hpp"

namespace brood::worker {

/// Exit codes of a worker: see also protocol/messages.hpp.
inline constexpr int exit_initializer = 82;
/// Its owner is gone.
inline constexpr int exit_orphaned = 83;
inline constexpr int exit_broken_channel = 84;
/// Its task called pthread_exit.
inline constexpr int exit_thread_ended = 85;
inline constexpr int exit_sandbox = 87;

/// The process around a session, as far as the session needs it. Threads: the one that serves,
/// unless said otherwise.
class SessionProcess {
 public:
  /// Wakes the owner's dispatcher, which has asked for that. Never returns when the owner is gone.
  virtual void wake_owner() = 0;
  /// Wakes the owner's thread that sleeps on this word of the page.
  virtual void wake(std::atomic<std::uint32_t>& word) = 0;
  /// Looks for a moment whether this word of the page has another value than this one, where that
  /// may save a sleep. Whether it has.
  virtual bool look(const std::atomic<std::uint64_t>& word, std::uint64_t value) = 0;
  /// Sleeps while this word of the page has this value; may return earlier.
  virtual void sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) = 0;
  virtual std::chrono::steady_clock::time_point now() = 0;

  /// Sends the descriptor of a shared object in a result of `job`; false when there is no room now.
  /// Throws UsageError where there is no way to send it.
  virtual bool send_descriptor(std::uint64_t job, const detail::DescriptorRef& descriptor) = 0;
  /// Blocks until there is.
  virtual void wait_for_descriptor_channel() = 0;
  /// Takes the descriptors that have come, each for its attachment group, without waiting.
  virtual void receive_descriptors() = 0;
  virtual void drop_descriptors(std::uint64_t attachment_group) = 0;

  /// Has Session::stops() look whenever the owner has asked an element to stop, from now on, in a
  /// thread of its own. Throws SystemError.
  virtual void watch_for_stop_requests() = 0;
  /// From now on what is written to stdout and stderr is of elements of this run. False where that
  /// cannot be had: it goes where it went.
  virtual bool redirect_output(const protocol::RunHeader&) { return false; }
  /// The current element has ended: blocks until the owner has what it has written.
  virtual void end_element_output() {}
  /// The run has ended.
  virtual void restore_output() noexcept {}

  /// Resident memory of the process, in bytes; only called where the setup has a limit.
  virtual std::uint64_t resident() = 0;
  /// Called where the user's code has returned, which may have forked, and this be the copy.
  virtual void end_if_copy() noexcept = 0;
  /// Logs how many copies have been ended since the last call, if any.
  virtual void tell_of_copies() = 0;
  /// Whether the caller is the thread that serves, and in this process. Threads: any.
  virtual bool is_serving_thread() const noexcept = 0;
  /// Ends the process at once.
  [[noreturn]] virtual void end(int code) = 0;

 protected:
  ~SessionProcess() = default;
};

}  // namespace brood::worker
