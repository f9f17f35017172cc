#pragma once

#include <cstddef>
#include <span>

#include "platform/descriptor.hpp"

namespace brood::platform {

struct Pipe {
  Descriptor read, write;
};

/// Both ends blocking and close-on-exec. Throws SystemError.
Pipe make_pipe();

/// The same of two sockets, for a process at the other end that is not trusted: of a pipe(2) it
/// could hold the lock, and read(2) and write(2) would wait for it here, non-blocking or not.
/// Nothing can be written to the read end. Where the writer is the one not trusted, receive_some
/// reads, and the read end is to be foreign (Descriptor::set_foreign).
Pipe make_socket_pipe();

/// Outcome of one read or write: how many bytes moved, or why none did.
struct Transfer {
  enum class State : unsigned char { moved, would_block, closed, failed };
  State state = State::failed;
  std::size_t count = 0;  // bytes, when moved
  int error = 0;          // errno, when failed or closed by a reader
};

/// Keeps SIGPIPE from this thread while it lives: blocks it, and takes back the one that a broken
/// pipe has raised. write_all makes one for each call; a thread that writes often makes one for
/// its whole life and saves those system calls.
class SigpipeGuard {
 public:
  SigpipeGuard() noexcept;
  ~SigpipeGuard();
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;
};

/// One read(2), retried on EINTR. `closed` is end of stream.
Transfer read_some(int descriptor, void* target, std::size_t capacity) noexcept;
/// The same from a pipe of sockets whose writer is not trusted; never waits. Descriptors that come
/// with the bytes are closed, and that never waits either: `failed` with EBADMSG.
Transfer receive_some(int socket, std::span<std::byte> target) noexcept;
/// Writes everything to a blocking descriptor; false when the reader is gone. Throws
/// SystemError.
bool write_all(int descriptor, std::span<const std::byte> bytes);
/// The same; SIGPIPE is raised where no guard keeps it away.
bool write_all_unguarded(int descriptor, std::span<const std::byte> bytes);
/// The same to a pipe of sockets, without a signal: its reader may refuse what comes at any time
/// (shutdown(2)). Throws SystemError with ENOTSOCK where the number is a file's by now.
bool send_all(int socket, std::span<const std::byte> bytes);

}  // namespace brood::platform
