#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <brood/manager.hpp>
#include "base/mutex.hpp"
#include "manager/account.hpp"
#include "manager/remote/frame.hpp"
#include "manager/remote/tls.hpp"
#include "manager/server/server.hpp"
#include "platform/descriptor.hpp"
#include "platform/secret_bytes.hpp"

namespace brood::manager {

/// What a remote program has proxies of: the server is a holder of their leases in its place. Each
/// time that a proxy is sent counts, and each is dropped by itself: so none is lost on its way.
/// Threads: any.
class Session {
 public:
  explicit Session(const ManagerQuotas& quotas) : account_(std::make_shared<Account>(quotas)) {}
  const std::shared_ptr<Account>& account() const noexcept { return account_; }
  void note(std::span<const detail::DescriptorRef> sent);
  void drop(std::span<const Token> tokens);
  /// What the token stands for; null when that is not of this session.
  detail::DescriptorRef find(const Token& token) const;

 private:
  struct Held {
    detail::DescriptorRef lease;
    std::size_t count = 0;
  };
  const std::shared_ptr<Account> account_;
  mutable base::Mutex mutex_;
  std::map<Token, Held> held_ BROOD_GUARDED_BY(mutex_);
};

/// Those that there are, by number. Threads: any.
class Sessions {
 public:
  /// False when there is one with this number.
  bool add(std::uint64_t number, std::shared_ptr<Session> session);
  void remove(std::uint64_t number) noexcept;
  /// Null when there is none.
  std::shared_ptr<Session> find(std::uint64_t number) const;
  /// What the tokens stand for, in this session or another: a program may have several, and proxies
  /// by way of each. Nothing when one is not of any. No program names a proxy that it has not had:
  /// tokens are random.
  std::optional<std::vector<detail::DescriptorRef>> find_leases(
      const Session& session, std::span<const Token> tokens) const;

 private:
  mutable base::Mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions_ BROOD_GUARDED_BY(mutex_);
};

/// For remote programs that have the key.
struct Listening {
  platform::Descriptor socket;  // null: for none
  platform::SecretBytes key;
  ManagerQuotas quotas;
};

/// Clients by TCP. Each of their connections is a client of the server's like a local one, by way
/// of a thread that passes on what comes. Threads: its own.
class Network {
 public:
  /// `root` is the lease of the root, `greeting` its proxy encoded. Throws SystemError.
  Network(Server& server, Listening listening, detail::DescriptorRef root, detail::Bytes greeting);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Ends all connections. False when threads are left that do not end.
  bool stop();

 private:
  /// A connection, and the thread that serves it.
  struct Connected {
    explicit Connected(platform::Descriptor its_socket) : socket(std::move(its_socket)) {}
    platform::Descriptor socket;
    std::list<int>::iterator unauthenticated;  // where it is one
    bool authenticated = false;
    int number = socket.get();
  };
  void accept_all() noexcept;
  bool make_room();
  void start(platform::Descriptor socket);
  void note_authenticated(Connected& connected);
  void serve(Connected& connected) noexcept;
  void serve_first(TlsStream& stream);
  void serve_session(TlsStream& stream, const Hello& hello);
  void serve_channel(TlsStream& stream, const Hello& hello);

  Server& server_;
  const ManagerQuotas quotas_;
  const TlsContext context_;
  const platform::Descriptor listener_;
  const detail::DescriptorRef root_;
  const detail::Bytes greeting_;
  Sessions sessions_;
  base::Mutex mutex_;
  std::set<int> sockets_ BROOD_GUARDED_BY(mutex_);
  /// Those that have not shown that they have the key, oldest first.
  std::list<int> unauthenticated_ BROOD_GUARDED_BY(mutex_);
  std::size_t threads_ BROOD_GUARDED_BY(mutex_) = 1;  // with that which accepts
  bool stopping_ BROOD_GUARDED_BY(mutex_) = false;
  base::ConditionVariable thread_gone_;
};

}  // namespace brood::manager
