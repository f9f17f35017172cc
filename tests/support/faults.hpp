#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <ostream>
#include <type_traits>

#include "platform/system_calls.hpp"

/// The Nth use of a system call fails, as SQLite's tests do it.
namespace brood::testing {

/// One way for one call to fail. Children made by fork inherit what is installed, with a count of
/// their own.
struct Fault {
  const char* name;
  void (*install)();
  int error;
};
inline void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

namespace faults {

inline platform::SystemCalls working;
inline std::atomic<int> countdown{0};  // the use that fails
inline std::atomic<int> error_to_give{0};
inline std::atomic<bool> happened{false};

inline bool is_due() { return --countdown == 0 && (happened = true); }

/// Fails with the fault's error.
template <auto Member>
struct Failing;
template <class R, class... A, R (*platform::SystemCalls::*Member)(A...)>
struct Failing<Member> {
  static R call(A... arguments) {
    if (!is_due()) return (working.*Member)(arguments...);
    errno = error_to_give;
    if constexpr (std::is_pointer_v<R>) {
      return reinterpret_cast<R>(-1);
    } else {
      return -1;
    }
  }
  static void install() { platform::system_calls().*Member = call; }
};

/// The error is what it returns.
struct FailingSpawn {
  static int call(pid_t* pid, const char* program, const void* actions, const void* attributes,
                  char* const* argv, char* const* envp) {
    return is_due() ? error_to_give.load()
                    : working.posix_spawn(pid, program, actions, attributes, argv, envp);
  }
  static void install() { platform::system_calls().posix_spawn = call; }
};

/// Moves one byte.
struct ShortRead {
  static ssize_t call(int descriptor, void* target, std::size_t count) {
    return working.read(descriptor, target, is_due() && count > 1 ? 1 : count);
  }
  static void install() { platform::system_calls().read = call; }
};
/// Of a stream; messages are not cut.
struct ShortReceive {
  static ssize_t call(int socket, msghdr* message, int flags) {
    int type = 0;
    socklen_t size = sizeof type;
    ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size);
    if (type == SOCK_STREAM && is_due() && message->msg_iov->iov_len > 1)
      message->msg_iov->iov_len = 1;
    return working.recvmsg(socket, message, flags);
  }
  static void install() { platform::system_calls().recvmsg = call; }
};
struct ShortSend {
  static ssize_t call(int socket, const msghdr* message, int flags) {
    int type = 0;
    socklen_t size = sizeof type;
    ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size);
    if (type != SOCK_STREAM || !is_due() || message->msg_iov->iov_len < 2)
      return working.sendmsg(socket, message, flags);
    return ::send(socket, message->msg_iov->iov_base, 1, flags);
  }
  static void install() { platform::system_calls().sendmsg = call; }
};
struct ShortWrite {
  static ssize_t call(int descriptor, const void* source, std::size_t count) {
    return working.write(descriptor, source, is_due() && count > 1 ? 1 : count);
  }
  static void install() { platform::system_calls().write = call; }
};

}  // namespace faults

/// While it lives the `nth` use from now on fails. No other thread may use the library when it
/// comes and goes.
class Injection {
 public:
  Injection(const Fault& fault, int nth) {
    faults::working = platform::system_calls();
    faults::error_to_give = fault.error;
    faults::happened = false;
    faults::countdown = nth;
    fault.install();
  }
  Injection(const Injection&) = delete;
  Injection& operator=(const Injection&) = delete;
  ~Injection() { platform::system_calls() = faults::working; }
  bool happened() const { return faults::happened; }
};

}  // namespace brood::testing
