#include "manager/server_network.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>

#include <brood/errors.hpp>
#include "manager/server_bridge.hpp"
#include "platform/poll.hpp"
#include "platform/tcp.hpp"

namespace brood::manager {
namespace {

constexpr std::chrono::seconds time_to_prove{5};  // a stranger holds up a thread, not for longer
constexpr std::size_t most_unproven = 64;
constexpr std::chrono::milliseconds time_to_stop{500};
constexpr std::chrono::milliseconds rest{100};  // when there are no descriptors left

// OpenSSL writes without MSG_NOSIGNAL. Threads begin with their maker's mask.
void block_sigpipe() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

std::optional<Hello> hello_in(const RemoteFrame& frame) {
  Hello hello;
  if (frame.bytes.size() != sizeof hello) return std::nullopt;
  std::memcpy(&hello, frame.bytes.data(), sizeof hello);
  if (hello.version != Hello::right_version) return std::nullopt;
  return hello;
}

}  // namespace

void Session::note(std::span<const detail::DescriptorRef> sent) {
  const std::lock_guard lock(mutex_);
  for (const detail::DescriptorRef& lease : sent) {
    Held& held = held_[lease->token()];
    held.lease = lease;
    ++held.count;
  }
}

void Session::drop(std::span<const Token> tokens) {
  const std::lock_guard lock(mutex_);
  for (const Token& token : tokens) {
    const auto found = held_.find(token);
    if (found != held_.end() && --found->second.count == 0) held_.erase(found);
  }
}

std::optional<std::vector<detail::DescriptorRef>> Session::find(
    std::span<const Token> tokens) const {
  const std::lock_guard lock(mutex_);
  std::vector<detail::DescriptorRef> leases;
  for (const Token& token : tokens) {
    const auto found = held_.find(token);
    if (found == held_.end()) return std::nullopt;
    leases.push_back(found->second.lease);
  }
  return leases;
}

Network::Network(Server& server, platform::Descriptor listener, const std::string& key,
                 detail::DescriptorRef root, detail::Bytes greeting)
    : server_(server),
      context_(key, TlsRole::server),
      listener_(std::move(listener)),
      root_(std::move(root)),
      greeting_(std::move(greeting)) {
  std::thread([this] { accept_all(); }).detach();
}

void Network::accept_all() noexcept {
  block_sigpipe();
  for (;;) {
    pollfd watched{listener_.get(), POLLIN, 0};
    try {
      platform::poll_until({&watched, 1}, std::nullopt);
      platform::Descriptor socket = platform::accept_from(listener_.get());
      const bool none = !socket;
      if (socket) start(std::move(socket));
      const std::unique_lock lock(mutex_);
      if (stopping_) break;
      if (!none) continue;
    } catch (const std::exception&) {
      // For want of memory or threads: that client sees the end of its connection.
    }
    std::unique_lock lock(mutex_);  // else a connection that cannot be taken would keep us busy
    if (thread_gone_.wait_for(lock, rest, [this] { return stopping_; })) break;
  }
  const std::lock_guard lock(mutex_);
  --threads_;
  thread_gone_.notify_all();
}

void Network::start(platform::Descriptor socket) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || unproven_ >= most_unproven) return;
    sockets_.insert(socket.get());
    ++unproven_;
    ++threads_;
  }
  const int number = socket.get();
  auto shared = std::make_shared<platform::Descriptor>(std::move(socket));
  try {
    std::thread([this, shared] { serve(std::move(*shared)); }).detach();
  } catch (const std::exception&) {
    const std::lock_guard lock(mutex_);
    sockets_.erase(number);
    --unproven_;
    --threads_;
    throw;
  }
}

void Network::serve(platform::Descriptor socket) noexcept {
  const int number = socket.get();
  bool proven = false;
  const auto prove = [&] {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(proven, true)) --unproven_;
  };
  std::optional<TlsStream> stream;
  try {
    stream.emplace(context_, std::move(socket), std::chrono::steady_clock::now() + time_to_prove);
    prove();
    const std::optional<RemoteFrame> frame = receive_frame(*stream);
    const std::optional<Hello> hello = frame ? hello_in(*frame) : std::nullopt;
    if (hello && frame->kind == FrameKind::session) serve_session(*stream, *hello);
    if (hello && frame->kind == FrameKind::channel) serve_channel(*stream, *hello);
  } catch (const std::exception&) {
    // A stranger, or it has ended, or there is no memory for it.
  }
  prove();
  {
    const std::lock_guard lock(mutex_);
    sockets_.erase(number);  // before it is closed: another's may have the number then
  }
  stream.reset();
  socket.reset();
  const std::lock_guard lock(mutex_);
  --threads_;
  thread_gone_.notify_all();
}

void Network::serve_session(TlsStream& stream, const Hello& hello) {
  const auto session = std::make_shared<Session>();
  session->note({&root_, 1});
  {
    const std::lock_guard lock(mutex_);
    if (!sessions_.emplace(hello.session, session).second) return;
  }
  try {
    const Token token = root_->token();
    if (send_frame(stream, FrameKind::parcel, greeting_.view(), {&token, 1})) {
      for (;;) {
        wait_for_either(stream, -1, 0);
        const std::optional<RemoteFrame> frame = receive_frame(stream);
        if (!frame || frame->kind != FrameKind::drop) break;
        session->drop(frame->tokens);
      }
    }
  } catch (const std::exception&) {
    // As if it had ended.
  }
  const std::lock_guard lock(mutex_);
  sessions_.erase(hello.session);
}

void Network::serve_channel(TlsStream& stream, const Hello& hello) {
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(hello.session);
    if (found == sessions_.end()) return;
    session = found->second;
  }
  Bridge(server_, stream, std::move(session), hello.process).run();
}

bool Network::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  thread_gone_.notify_all();
  return thread_gone_.wait_for(lock, time_to_stop, [this] { return threads_ == 0; });
}

}  // namespace brood::manager
