#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "manager/remote_frame.hpp"
#include "manager/server.hpp"
#include "manager/tls.hpp"
#include "platform/descriptor.hpp"

namespace brood::manager {

/// What a remote program has proxies of: the server is a holder of their leases in its place. Each
/// time that a proxy is sent counts, and each is dropped by itself: so none is lost on its way.
/// Threads: any.
class Session {
 public:
  void note(std::span<const detail::DescriptorRef> sent);
  void drop(std::span<const Token> tokens);
  /// What the tokens stand for; nothing when one is not of this session.
  std::optional<std::vector<detail::DescriptorRef>> find(std::span<const Token> tokens) const;

 private:
  struct Held {
    detail::DescriptorRef lease;
    std::size_t count = 0;
  };
  mutable std::mutex mutex_;
  std::map<Token, Held> held_;  // guarded by mutex_
};

/// Clients by TCP. Each of their connections is a client of the server's like a local one, by way
/// of a thread that passes on what comes. Threads: its own.
class Network {
 public:
  /// `root` is the lease of the root, `greeting` its proxy encoded. Throws SystemError.
  Network(Server& server, platform::Descriptor listener, const std::string& key,
          detail::DescriptorRef root, detail::Bytes greeting);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Ends all connections. False when threads are left that do not end.
  bool stop();

 private:
  void accept_all() noexcept;
  void start(platform::Descriptor socket);
  void serve(platform::Descriptor socket) noexcept;
  void serve_session(TlsStream& stream, const Hello& hello);
  void serve_channel(TlsStream& stream, const Hello& hello);

  Server& server_;
  const TlsContext context_;
  const platform::Descriptor listener_;
  const detail::DescriptorRef root_;
  const detail::Bytes greeting_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;  // guarded by mutex_, as all below
  std::set<int> sockets_;
  std::size_t unproven_ = 0;  // connections that have not shown that they have the key
  std::size_t threads_ = 1;   // with that which accepts
  bool stopping_ = false;
  std::condition_variable thread_gone_;
};

}  // namespace brood::manager
