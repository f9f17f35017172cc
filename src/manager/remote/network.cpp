#include "manager/remote/network.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>

#include <brood/errors.hpp>
#include "manager/remote/bridge.hpp"
#include "manager/replies.hpp"
#include "platform/poll.hpp"
#include "platform/tcp.hpp"

namespace brood::manager {
namespace {

constexpr std::chrono::seconds handshake_limit{
    5};  // a program without the key holds up a thread, not for longer
constexpr std::size_t most_unauthenticated = 64;
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
  if (frame.kind == FrameKind::channel && hello.process == 0) return std::nullopt;
  return hello;
}

// The client learns why when it calls, and not before: where it is slow to call, its gateway says
// meanwhile that no answer is on its way. Waits until the client has learnt it, else the answer
// would be cut off.
void refuse_calls(TlsStream& stream, const Session& session) {
  const detail::Bytes reason = failure();
  Charge charge(session.account(), Quota::bytes);
  std::optional<RemoteFrame> frame;
  do {
    frame = receive_frame(stream, *session.account(), charge);
  } while (frame && frame->kind == FrameKind::read);
  if (frame && send_frame(stream, FrameKind::refused, reason.view())) receive_frame(stream, 0);
}

}  // namespace

void Session::note(std::span<const detail::DescriptorRef> sent) {
  const base::MutexLock lock(mutex_);
  for (const detail::DescriptorRef& lease : sent) {
    Held& held = held_[lease->token()];
    held.lease = lease;
    ++held.count;
  }
}

void Session::drop(std::span<const Token> tokens) {
  const base::MutexLock lock(mutex_);
  for (const Token& token : tokens) {
    const auto found = held_.find(token);
    if (found != held_.end() && --found->second.count == 0) held_.erase(found);
  }
}

detail::DescriptorRef Session::find(const Token& token) const {
  const base::MutexLock lock(mutex_);
  const auto found = held_.find(token);
  return found == held_.end() ? nullptr : found->second.lease;
}

bool Sessions::add(std::uint64_t number, std::shared_ptr<Session> session) {
  const base::MutexLock lock(mutex_);
  return sessions_.emplace(number, std::move(session)).second;
}

void Sessions::remove(std::uint64_t number) noexcept {
  const base::MutexLock lock(mutex_);
  sessions_.erase(number);
}

std::shared_ptr<Session> Sessions::find(std::uint64_t number) const {
  const base::MutexLock lock(mutex_);
  const auto found = sessions_.find(number);
  return found == sessions_.end() ? nullptr : found->second;
}

std::optional<std::vector<detail::DescriptorRef>> Sessions::find_leases(
    const Session& session, std::span<const Token> tokens) const {
  std::vector<detail::DescriptorRef> leases;
  for (const Token& token : tokens) {
    detail::DescriptorRef lease = session.find(token);
    if (!lease) {
      const base::MutexLock lock(mutex_);
      for (auto other = sessions_.begin(); !lease && other != sessions_.end(); ++other)
        lease = other->second->find(token);
    }
    if (!lease) return std::nullopt;
    leases.push_back(std::move(lease));
  }
  return leases;
}

Network::Network(Server& server, Listening listening, detail::DescriptorRef root,
                 detail::Bytes greeting)
    : server_(server),
      quotas_(listening.quotas),
      context_(listening.key, TlsRole::server),
      listener_(std::move(listening.socket)),
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
      if (socket && make_room()) start(std::move(socket));
      const base::MutexLock lock(mutex_);
      if (stopping_) break;
      if (!none) continue;
    } catch (const std::exception&) {
      // For want of memory or threads: that client sees the end of its connection.
    }
    base::MutexLock lock(mutex_);  // else a connection that cannot be taken would keep us busy
    if (thread_gone_.wait_for(mutex_, rest, [this]() BROOD_REQUIRES(mutex_) { return stopping_; }))
      break;
  }
  const base::MutexLock lock(mutex_);
  --threads_;
  thread_gone_.notify_all();
}

// A new one may be a program with the key; that which has been here longest without showing it is
// the likeliest not to have it. False when the server ends.
bool Network::make_room() {
  base::MutexLock lock(mutex_);
  while (!stopping_ && unauthenticated_.size() >= most_unauthenticated) {
    ::shutdown(unauthenticated_.front(), SHUT_RDWR);  // its thread ends at once
    const std::size_t before = threads_;
    thread_gone_.wait(mutex_,
                      [&]() BROOD_REQUIRES(mutex_) { return stopping_ || threads_ != before; });
  }
  return !stopping_;
}

void Network::start(platform::Descriptor socket) {
  auto connected = std::make_shared<Connected>(std::move(socket));
  const base::MutexLock lock(mutex_);
  sockets_.insert(connected->number);
  ++threads_;
  try {
    connected->unauthenticated = unauthenticated_.insert(unauthenticated_.end(), connected->number);
    std::thread([this, connected] { serve(*connected); }).detach();
  } catch (const std::exception&) {
    --threads_;
    unauthenticated_.remove(connected->number);
    sockets_.erase(connected->number);
    throw;
  }
}

void Network::note_authenticated(Connected& connected) {
  const base::MutexLock lock(mutex_);
  unauthenticated_.erase(connected.unauthenticated);
  connected.authenticated = true;
}

void Network::serve(Connected& connected) noexcept {
  std::optional<TlsStream> stream;
  try {
    stream.emplace(context_, std::move(connected.socket),
                   std::chrono::steady_clock::now() + handshake_limit);
    note_authenticated(connected);
    serve_first(*stream);
  } catch (const std::exception&) {
    // It has not shown the key, or has ended, or there is no memory for it.
  }
  {
    const base::MutexLock lock(mutex_);  // before it is closed: another's may have the number then
    sockets_.erase(connected.number);
    if (!connected.authenticated) unauthenticated_.erase(connected.unauthenticated);
  }
  stream.reset();
  connected.socket.reset();
  const base::MutexLock lock(mutex_);
  --threads_;
  thread_gone_.notify_all();
}

void Network::serve_first(TlsStream& stream) {
  const std::optional<RemoteFrame> frame = receive_frame(stream, sizeof(Hello));
  const std::optional<Hello> hello = frame ? hello_in(*frame) : std::nullopt;
  if (!hello) return;
  if (frame->kind == FrameKind::session) serve_session(stream, *hello);
  if (frame->kind == FrameKind::channel) serve_channel(stream, *hello);
}

void Network::serve_session(TlsStream& stream, const Hello& hello) {
  const auto session = std::make_shared<Session>(quotas_);
  session->note({&root_, 1});
  if (!sessions_.add(hello.session, session)) return;
  try {
    const Token token = root_->token();
    const Welcome welcome{session->account()->most(Quota::bytes)};
    detail::Bytes greeting(std::as_bytes(std::span(&welcome, 1)));
    greeting.append(greeting_.data(), greeting_.size());
    if (send_frame(stream, FrameKind::envelope, greeting.view(), {&token, 1})) {
      for (;;) {
        wait_for_either(stream, -1, 0);
        const std::optional<RemoteFrame> frame = receive_frame(stream, 0);
        if (!frame || frame->kind != FrameKind::drop) break;
        session->drop(frame->tokens);
      }
    }
  } catch (const std::exception&) {
    // As if it had ended.
  }
  sessions_.remove(hello.session);
}

void Network::serve_channel(TlsStream& stream, const Hello& hello) {
  const std::shared_ptr<Session> session = sessions_.find(hello.session);
  if (!session) return;
  try {
    const Charge connection(session->account(), Quota::connections, 1);
    Bridge(server_, sessions_, stream, session, hello.process).run();
  } catch (const QuotaError&) {
    refuse_calls(stream, *session);
  }
}

bool Network::stop() {
  base::MutexLock lock(mutex_);
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  thread_gone_.notify_all();
  return thread_gone_.wait_for(mutex_, time_to_stop,
                               [this]() BROOD_REQUIRES(mutex_) { return threads_ == 0; });
}

}  // namespace brood::manager
