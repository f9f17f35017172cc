#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <brood/detail/manager/served_call.hpp>
#include "base/mutex.hpp"
#include "manager/account.hpp"
#include "manager/leases.hpp"
#include "manager/server/caller.hpp"
#include "platform/descriptor.hpp"
#include "platform/socket.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::manager {

using Token = detail::SharedDescriptor::Token;

/// An object in the server, and the server's end of its lease: that hangs up when the last proxy is
/// gone.
struct Entry {
  std::uint64_t id = 0;
  /// What it refers to is guarded by `calls`, unless its type lets calls run at once. No annotation
  /// says that: it is of a user's type, and the lock depends on the type. ServedCall::Turn takes
  /// it.
  detail::ServedObject object;
  base::Mutex calls;
  platform::Descriptor lease;
  Token token;
  Charge charge;  // of the program that made it
};

/// What a manager's server does: see README.md.
/// Threads: run() in one; the others are its own.
class Server {
 public:
  Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves until `control` hangs up or the process behind `owner`, a pidfd, has ended. Once.
  void run(int control, int owner);
  /// Then: abandons calls that wait. False when others run on, longer than a caller would wait for
  /// them: then the process must not do anything but end.
  bool end();

  /// A new object: its number and the client's end of its lease. Throws SystemError. Threads: any.
  struct Added {
    std::uint64_t id;
    detail::DescriptorRef lease;
  };
  Added add(detail::ServedObject object, Charge charge = {});
  /// Whether it is the lease of an object of this server. Threads: any.
  bool owns(const Token& token) const;
  /// Throws CodecError for a descriptor that passes for the lease of an object of this server and
  /// is another file: a client could give it to others in its place. Threads: any.
  void demand_genuine(const detail::DescriptorRef& received) const;
  /// Serves what comes from a client, in a thread of its own; `account` is a remote one's. Null
  /// when there is none to be had. Threads: any.
  std::shared_ptr<Caller> open(platform::Descriptor socket, std::uint64_t process,
                               std::shared_ptr<Account> account = {});
  /// Null when there is none. Threads: any.
  std::shared_ptr<Entry> find(std::uint64_t id) const;
  /// The root does not count. Threads: any.
  std::size_t objects() const;
  /// Drawn at its start: tells it from other servers.
  std::uint64_t id() const noexcept { return id_; }

 private:
  void let_objects_go();
  bool serve_event(std::uint64_t id);
  void serve(Caller& caller) noexcept;
  void leave(const Caller& caller) noexcept;
  void forget_lease(const Token& token) noexcept BROOD_REQUIRES(mutex_);
  /// True: it was its process's last.
  bool forget_connection(const Caller& caller) noexcept BROOD_REQUIRES(mutex_);
  void forget_process(std::uint64_t process) noexcept;
  void drop(std::uint64_t id);
  void collect();

  const std::uint64_t id_;
  const std::size_t most_from_one_;
  WatchList watched_;
  mutable base::Mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Entry>> entries_ BROOD_GUARDED_BY(mutex_);
  /// Of the entries' leases, with their inodes.
  std::map<Token, std::uint64_t> tokens_ BROOD_GUARDED_BY(mutex_);
  std::set<std::uint64_t> lease_inodes_ BROOD_GUARDED_BY(mutex_);
  std::uint64_t last_id_ BROOD_GUARDED_BY(mutex_) = 0;
  std::set<std::shared_ptr<Caller>> callers_ BROOD_GUARDED_BY(mutex_);
  /// By process.
  std::map<std::uint64_t, std::size_t> connections_of_ BROOD_GUARDED_BY(mutex_);
  /// Of local ones, by the kernel's pid.
  std::map<int, std::size_t> connections_from_ BROOD_GUARDED_BY(mutex_);
  base::ConditionVariable caller_gone_;
  std::deque<std::shared_ptr<Entry>> dropped_ BROOD_GUARDED_BY(mutex_);
  bool ending_ BROOD_GUARDED_BY(mutex_) = false;
  bool collected_ BROOD_GUARDED_BY(mutex_) = false;
  base::ConditionVariable to_collect_, collector_gone_;
};

}  // namespace brood::manager
