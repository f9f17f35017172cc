#include "worker/own_process.hpp"

#include <unistd.h>
#include <cerrno>
#include <string>
#include <utility>

#include <brood/errors.hpp>

#include "base/log.hpp"
#include "platform/copies.hpp"
#include "platform/own_thread.hpp"
#include "platform/pipe.hpp"
#include "platform/watch.hpp"
#include "protocol/messages.hpp"
#include "protocol/page.hpp"

namespace brood::worker {

static_assert(exit_orphaned == platform::exit_orphaned);

namespace {
// Where a task has closed the channel, its worker is of no use any more. What has its number now
// may be anything.
void end_if_closed(int error) noexcept {
  if (error != ENOMEM && error != ENOBUFS) ::_exit(protocol::exit_closed_channel);
}
}  // namespace

// A worker that has just answered may have its next task at once.
bool OwnProcess::look(const std::atomic<std::uint64_t>& word, std::uint64_t value) {
  return platform::look(spin_, [&] { return word.load(std::memory_order_acquire) != value; });
}

void OwnProcess::wake_owner() try {
  if (!platform::write_all_unguarded(report_, std::span(&protocol::wake_up, 1)))
    ::_exit(exit_orphaned);  // the read end is closed: the owner is gone
} catch (const SystemError& failure) {
  end_if_closed(failure.code().value());
  throw;
}

// For ever, if it must be: the thread that watches the owner ends the process.
void OwnProcess::sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) {
  platform::futex_wait(word, value, std::nullopt, platform::FutexScope::shared);
}

bool OwnProcess::send_descriptor(std::uint64_t job, const detail::DescriptorRef& descriptor) {
  if (!descriptor_channel_)
    throw UsageError(
        "this worker has no socket for the descriptor of a shared object: its launcher has closed "
        "it");
  std::span<const detail::DescriptorRef> left(&descriptor, 1);
  const platform::SendState state = descriptor_channel_.send(job, left);
  if (state == platform::SendState::gone) ::_exit(exit_orphaned);
  return state == platform::SendState::sent;
}

detail::DescriptorRef OwnProcess::find(detail::SharedDescriptor::Token token) const {
  return std::this_thread::get_id() == serving_ ? descriptor_channel_.find(token) : nullptr;
}

// For the rest of the process's life. The count is read before the look: a request that comes
// between the two changes it, and the thread does not sleep.
void OwnProcess::watch_for_stop_requests() {
  if (watches_for_stop_) return;
  platform::start_own_thread("brood-stop", [this] {
    for (;;) {
      const std::uint32_t count = stop_requests_->load(std::memory_order_acquire);
      look_for_stop_();
      platform::futex_wait(*stop_requests_, count, std::nullopt, platform::FutexScope::shared);
    }
  }).detach();
  watches_for_stop_ = true;
}

void OwnProcess::open_output_for_sandbox() {
  output_.open(descriptor_channel_.take(protocol::output_attachment_group));
  output_.keep_streams();
}

bool OwnProcess::redirect_output(const protocol::RunHeader& header) {
  try {
    if (!output_.is_open())
      output_.open(descriptor_channel_.take(protocol::output_attachment_group));
    if (output_.begin(header)) return true;
  } catch (const SystemError&) {  // no descriptors
  }
  if (!std::exchange(told_of_output_, true))
    base::log_warning(
        "what tasks write in this worker goes to its own stdout and stderr: the descriptors that "
        "CallOptions::output needs have not come, or it has no room for them");
  return false;
}

void OwnProcess::end_if_copy() noexcept { platform::end_if_copy(); }

void OwnProcess::tell_of_copies() {
  if (const unsigned count = platform::copies_ended(); count != 0) {
    base::log_warning("processes that a task has forked came back from it and were ended: " +
                      std::to_string(count));
  }
}

bool OwnProcess::is_serving_thread() const noexcept {
  return std::this_thread::get_id() == serving_ && generation_ == platform::fork_generation();
}

void OwnProcess::end(int code) { ::_exit(code); }

}  // namespace brood::worker
