#include "worker/output_redirect.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <stdio_ext.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <span>
#include <utility>

#include "platform/pipe.hpp"
#include "platform/socket.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::worker {

using protocol::OutputMessage;
using protocol::RunHeader;

namespace {

constexpr int first_output = STDOUT_FILENO;  // and STDERR_FILENO behind it

// With a buffer of its own: else glibc's puts(3) would go on as before where the stream has been
// written to, and end no line.
void buffer_stdout(int mode) noexcept {
  static std::array<char, BUFSIZ> memory;
  std::setvbuf(stdout, memory.data(), mode, memory.size());
}

// Not all of stdio: what a task writes to files is its own affair. A stream that throws has its
// reasons.
void flush_outputs() noexcept {
  try {
    std::cout.flush();
    std::clog.flush();
    std::cerr.flush();
  } catch (...) {
  }
  std::fflush(stdout);
  std::fflush(stderr);
}

// Of those that have been waited for: another number where there was one more.
std::uint64_t faults_of_children() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return static_cast<std::uint64_t>(usage.ru_minflt);
}

}  // namespace

void OutputRedirect::open(const std::vector<detail::DescriptorRef>& sockets) {
  if (sockets.size() != protocol::output_sockets) return;
  platform::Descriptor control = platform::duplicate(sockets[0]->get());
  for (std::size_t i = 0; i < most_streams; ++i)
    streams_[i] = platform::duplicate(sockets[i + 1]->get());
  control_ = std::move(control);
}

std::size_t OutputRedirect::used_streams() const noexcept {
  return (element_.flags & RunHeader::captured) != 0 ? 1 : most_streams;
}

// A crash loses what is buffered. So a line is with the owner when it has been printed, whether or
// not stdout is a terminal.
bool OutputRedirect::begin(const RunHeader& header) {
  if (!is_open()) return false;
  element_ = {OutputMessage::Kind::begin, header.flags, header.sequence, header.first};
  flush_outputs();
  if (!save()) return false;
  tell(OutputMessage::Kind::begin);
  if (!streams_[used_streams() - 1]) ask_for_streams();
  if (!redirect()) {
    for (platform::Descriptor& saved : saved_) saved.reset();
    return false;
  }
  begin_element();
  buffering_ = {.by_line = __flbf(stdout) != 0,
                .fresh = __fbufsize(stdout) == 0,
                .none = __fbufsize(stdout) == 1};
  if (!buffering_.by_line && !buffering_.none) buffer_stdout(_IOLBF);
  return true;
}

// The owner had no descriptors for them at the end of the last element, and may have some now.
void OutputRedirect::ask_for_streams() {
  tell(OutputMessage::Kind::ended);
  await_answer();
  tell(OutputMessage::Kind::begin);
}

void OutputRedirect::end_element() {
  if (!active_) return;
  flush_outputs();
  if (!has_said_nothing()) tell_end();
  ++element_.sequence;
  if ((element_.flags & RunHeader::separate_calls) == 0) ++element_.index;
}

void OutputRedirect::tell_end() {
  if (use_ == Streams::of_one) {
    restore();
    for (std::size_t i = 0; i < used_streams(); ++i) streams_[i].reset();
  }
  tell(OutputMessage::Kind::ended);
  await_answer();
  if (use_ == Streams::of_one) redirect();
  begin_element();
}

// Of a process that it has started, and that may write later, the owner has to know. Where children
// are reaped by the system nothing tells whether there was one.
bool OutputRedirect::has_said_nothing() const noexcept {
  struct sigaction action {};
  if (::sigaction(SIGCHLD, nullptr, &action) != 0 || action.sa_handler == SIG_IGN ||
      (action.sa_flags & SA_NOCLDWAIT) != 0)
    return false;
  if ((element_.flags & RunHeader::captured) == 0) return false;
  int unread = 0;
  if (::ioctl(streams_[0].get(), SIOCOUTQ, &unread) != 0 || unread != 0) return false;
  if (reads_.load() != reads_before_) return false;
  siginfo_t child{};
  const bool has_none =
      ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
  return has_none && faults_of_children() == faults_before_;
}

void OutputRedirect::begin_element() noexcept {
  reads_before_ = reads_.load();
  faults_before_ = faults_of_children();
}

void OutputRedirect::leave() noexcept {
  flush_outputs();
  if (active_) restore();
  for (platform::Descriptor& saved : saved_) saved.reset();
  if (buffering_.by_line || buffering_.none) return;
  // One that nothing was written to before would now find out what it is for.
  const bool is_terminal = buffering_.fresh && ::isatty(STDOUT_FILENO) == 1;
  buffer_stdout(is_terminal ? _IOLBF : _IOFBF);
}

// What a task did to stdout before stays as it is.
bool OutputRedirect::save() {
  for (std::size_t i = 0; i < most_streams; ++i) {
    const int copy = ::fcntl(first_output + static_cast<int>(i), F_DUPFD_CLOEXEC, 3);
    if (copy < 0 && errno != EBADF) return false;
    saved_[i] = copy < 0 ? platform::Descriptor() : platform::Descriptor(copy);
  }
  return true;
}

bool OutputRedirect::redirect() noexcept {
  const std::size_t last = used_streams() - 1;
  active_ = streams_[0] && streams_[last] &&
            ::dup3(streams_[0].get(), STDOUT_FILENO, 0) == STDOUT_FILENO &&
            ::dup3(streams_[last].get(), STDERR_FILENO, 0) == STDERR_FILENO;
  if (!active_) restore();
  return active_;
}

void OutputRedirect::restore() noexcept {
  active_ = false;
  for (std::size_t i = 0; i < most_streams; ++i) {
    const int number = first_output + static_cast<int>(i);
    if (saved_[i]) {
      ::dup3(saved_[i].get(), number, 0);
    } else {
      ::close(number);
    }
  }
}

// Without its channel the worker is of no use: as in OwnProcess.
void OutputRedirect::tell(OutputMessage::Kind kind) const try {
  OutputMessage message = element_;
  message.kind = kind;
  if (!platform::write_all(control_.get(), std::as_bytes(std::span(&message, 1))))
    ::_exit(protocol::exit_closed_channel);
} catch (const std::exception&) {
  ::_exit(protocol::exit_closed_channel);
}

// Of a call that a sandbox allows: no descriptors come there.
void OutputRedirect::await_answer() try {
  std::array<std::byte, 8> buffer;
  if (use_ == Streams::kept) {
    if (platform::read_some(control_.get(), buffer.data(), buffer.size()).state !=
        platform::Transfer::State::moved)
      ::_exit(protocol::exit_closed_channel);
    return;
  }
  auto answer = platform::receive_into(control_.get(), buffer, platform::Waiting::yes,
                                       platform::Taking::yes, "waiting for the owner");
  if (!answer) ::_exit(protocol::exit_closed_channel);
  for (std::size_t i = 0; i < std::min(answer->descriptors.size(), most_streams); ++i)
    streams_[i] = std::move(answer->descriptors[i]);
} catch (const std::exception&) {
  ::_exit(protocol::exit_closed_channel);
}

}  // namespace brood::worker
