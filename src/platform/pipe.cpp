#include "platform/pipe.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>

#include <brood/errors.hpp>
#include "platform/foreign_close.hpp"
#include "platform/own_table.hpp"
#include "platform/rights.hpp"
#include "platform/sigpipe_state.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {

thread_local SigpipeState sigpipe_state;

namespace {

sigset_t only_sigpipe() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

bool sigpipe_pending() noexcept {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

Pipe adopt(const int (&ends)[2]) {
  Descriptor write(ends[1]);  // owned before the next line can throw
  Pipe pipe;
  pipe.read = adopt_above_stdio(ends[0]);
  pipe.write = adopt_above_stdio(write.release());
  return pipe;
}

/// Whether the descriptor table had room at this tick of the clock, which is some milliseconds
/// long: busy pipes do not look at it each time.
bool has_had_room() noexcept {
  static std::atomic<std::int64_t> seen{-1};
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  const std::int64_t tick = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  if (seen.load(std::memory_order_relaxed) == tick) return true;
  if (!has_room_for_rights()) return false;
  seen.store(tick, std::memory_order_relaxed);
  return true;
}

/// What a count of -1 means.
Transfer moved_nothing() noexcept {
  if (errno == EAGAIN) return {Transfer::State::would_block, 0, 0};
  if (errno == ECONNRESET) return {Transfer::State::closed, 0, 0};
  return {Transfer::State::failed, 0, errno};
}

Transfer wrote_nothing() noexcept {
  if (errno == EAGAIN) return {Transfer::State::would_block, 0, 0};
  const bool closed = errno == EPIPE || errno == ECONNRESET;  // of a reader with bytes unread
  return {closed ? Transfer::State::closed : Transfer::State::failed, 0, closed ? EPIPE : errno};
}

// One write(2), retried on EINTR; may raise SIGPIPE.
Transfer write_some(int descriptor, std::span<const std::byte> bytes) noexcept {
  for (;;) {
    const ssize_t count = system_calls().write(descriptor, bytes.data(), bytes.size());
    if (count >= 0) return {Transfer::State::moved, static_cast<std::size_t>(count), 0};
    if (errno == EPIPE) sigpipe_state.raised = true;
    if (errno != EINTR) return wrote_nothing();
  }
}

Transfer send_some(int socket, std::span<const std::byte> bytes) noexcept {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  for (;;) {
    const ssize_t count = system_calls().sendmsg(socket, &message, MSG_NOSIGNAL);
    if (count >= 0) return {Transfer::State::moved, static_cast<std::size_t>(count), 0};
    if (errno != EINTR) return wrote_nothing();
  }
}

/// Moves everything by `move_some`, which is one of these two.
template <class MoveSome>
bool move_all(const char* call, std::span<const std::byte> bytes, MoveSome move_some) {
  while (!bytes.empty()) {
    const Transfer done = move_some(bytes);
    if (done.state == Transfer::State::closed) return false;
    if (done.state != Transfer::State::moved) {
      throw SystemError(call, "writing to a pipe",
                        done.state == Transfer::State::failed ? done.error : EAGAIN);
    }
    bytes = bytes.subspan(done.count);
  }
  return true;
}

}  // namespace

SigpipeGuard::SigpipeGuard() noexcept {
  SigpipeState& state = sigpipe_state;
  if (state.depth++ > 0) return;
  const sigset_t set = only_sigpipe();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &set, &before);
  state.was_blocked = sigismember(&before, SIGPIPE) == 1;
  state.was_pending = state.was_blocked && sigpipe_pending();
  state.raised = false;
}

SigpipeGuard::~SigpipeGuard() {
  SigpipeState& state = sigpipe_state;
  if (state.depth == 0 || --state.depth > 0)
    return;  // 0 already: forked meanwhile, and reset_signals started anew
  const int saved = errno;
  const sigset_t set = only_sigpipe();
  // pipe(7): the signal goes to the thread that wrote, so it is pending here and nowhere else.
  if (state.raised && !state.was_pending) {
    const timespec now{};
    while (sigtimedwait(&set, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  if (!state.was_blocked) pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  errno = saved;
}

Pipe make_pipe() {
  int ends[2];
  if (system_calls().pipe2(ends, O_CLOEXEC) != 0)
    throw SystemError("pipe2", "making a pipe", errno);
  return adopt(ends);
}

Pipe make_socket_pipe() {
  int ends[2];
  if (system_calls().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw SystemError("socketpair", "making a pipe of two sockets", errno);
  Pipe pipe = adopt(ends);
  ::shutdown(pipe.read.get(), SHUT_WR);
  return pipe;
}

Transfer read_some(int descriptor, void* target, std::size_t capacity) noexcept {
  for (;;) {
    const ssize_t count = system_calls().read(descriptor, target, capacity);
    if (count > 0) return {Transfer::State::moved, static_cast<std::size_t>(count), 0};
    if (count == 0) return {Transfer::State::closed, 0, 0};
    if (errno != EINTR) return moved_nothing();
  }
}

Transfer receive_some(int socket, std::span<std::byte> target) noexcept {
  for (;;) {
    Envelope envelope(target);
    ssize_t count = -1;
    if (!closes_may_wait() && !has_had_room()) {
      if (lingering_tables() >= most_lingering) return {Transfer::State::failed, 0, EMFILE};
      count = envelope.receive_apart(socket);
    }
    const bool apart = count >= 0;
    if (!apart) count = envelope.receive(socket, MSG_DONTWAIT);
    if (envelope.has_rights()) {
      if (!apart) envelope.close_rights();
      return {Transfer::State::failed, 0, EBADMSG};
    }
    if (count > 0) return {Transfer::State::moved, static_cast<std::size_t>(count), 0};
    if (count == 0) return {Transfer::State::closed, 0, 0};
    if (errno != EINTR) return moved_nothing();
  }
}

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  const SigpipeGuard guard;
  return write_all_unguarded(descriptor, bytes);
}

bool write_all_unguarded(int descriptor, std::span<const std::byte> bytes) {
  return move_all("write", bytes, [descriptor](std::span<const std::byte> left) {
    return write_some(descriptor, left);
  });
}

bool send_all(int socket, std::span<const std::byte> bytes) {
  return move_all("sendmsg", bytes,
                  [socket](std::span<const std::byte> left) { return send_some(socket, left); });
}

}  // namespace brood::platform
