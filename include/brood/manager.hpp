#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <brood/detail/export.hpp>
#include <brood/errors.hpp>
#include <brood/managed_containers.hpp>
#include <brood/managed_locks.hpp>
#include <brood/managed_queue.hpp>
#include <brood/managed_space.hpp>
#include <brood/proxy.hpp>
#include <brood/start_method.hpp>

namespace brood {

/// What one remote program, that is one Manager::connect, may have of a server that listens. More
/// is a QuotaError there; others notice nothing. A program that has the key can run any function in
/// the server: these bound what it does by mistake. Programs on the server's machine that were
/// given a proxy have no quota. Each is at least 1.
struct ManagerQuotas {
  /// Objects that it has made and that live, also with others' proxies.
  std::size_t objects = 100'000;
  /// Bytes of its messages to the server, while they arrive and until they are answered, and of
  /// those with what it has put into queues, spaces, dicts, lists and values, until that is taken
  /// out or overwritten. What update() makes of an element, and what objects of your own types make
  /// of their arguments, does not count. A message may be as long.
  std::size_t bytes = std::size_t{1} << 30;
  /// Connections, each with two threads in the server: its calls at the same time, and a few that
  /// wait for the next ones.
  std::size_t connections = 1024;
};

/// What a manager is made of.
struct ManagerOptions {
  StartMethod start_method{};  ///< of the server; unset: get_start_method()
  /// Where the server also listens for programs elsewhere: "host:port", port 0 for any free one.
  /// Empty: nowhere.
  std::string address{};
  /// What these must prove to have, as the server does: 16 to 65536 bytes, any. Take random_key():
  /// a program that has it can run any function of this one in the server, and whoever records a
  /// handshake can guess short ones. Brood wipes its own copies; wipe yours when you need it no
  /// more.
  std::string key{};
  /// For each of these programs.
  ManagerQuotas quotas{};
};

/// A new key: 32 random bytes of the kernel's, as 64 hexadecimal digits, so that it goes through
/// files and pipes. Throws SystemError. Threads: any.
BROOD_API std::string random_key();

/// The other end has another key, or is no manager.
class BROOD_API AuthenticationError : public Error {
 public:
  using Error::Error;
  ~AuthenticationError() override;
};

/// A quota of a remote program's is used up: the text says which of ManagerQuotas. The call had no
/// effect; later ones have, when there is room again.
class BROOD_API QuotaError : public Error {
 public:
  using Error::Error;
  ~QuotaError() override;
};

/// A process of its own, the server, that holds objects for any number of other processes. They
/// have proxies of the objects, which may be sent wherever a value may: as a task's argument,
/// through a Connection or a queue, into another object of a manager.
///   brood::Manager manager;
///   auto results = manager.dict<std::string, double>();
///   pool.for_each(brood::task(compute_into, results), names);
/// An object lives as long as a proxy of it does, in any process or on the way to one, and no
/// longer than the server. The server ends when the Manager does, or the process that made it.
/// Objects in it whose proxies hold each other live until then. A server has two descriptors for
/// each object at most, a process one for each object that it has a proxy of.
/// It is neither copied nor moved: hold a std::unique_ptr of one where that matters.
/// Threads: any.
/// Fork: a forked child makes and uses objects as its parent does; the destructor does nothing.
class BROOD_API Manager {
 public:
  /// Starts the server. Blocks until it serves. Throws UsageError, also for an address without a
  /// key and for a key that is too short; StartError, SystemError.
  Manager() : Manager(ManagerOptions()) {}
  explicit Manager(ManagerOptions options);
  /// shutdown().
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// A manager whose server another program has started, the same program as this one, with this
  /// address and key. Everything is as with one's own, proxies travel between this program's
  /// processes as ever, but shutdown() ends the connection only, and only proxies of this server's
  /// objects cross it: a value with another descriptor (a Connection, an Array, …) is a CodecError.
  /// A process may connect twice: a proxy ends with the connection that it came by, and those of
  /// one go into objects by way of the other, too.
  /// Encrypted by TLS 1.3. Blocks until connected, for a minute at most. Throws UsageError without
  /// a key of 16 bytes and for what is no address; AuthenticationError; StartError, SystemError.
  /// Cost: a process of this program's, the gateway, and a connection for each thread that calls.
  static Manager connect(const std::string& address, const std::string& key,
                         StartMethod start_method = {});
  /// Where the server listens, with the port that it has; empty when it does not.
  const std::string& address() const;

  /// New containers, empty. Throw SystemError when the server has ended or has no descriptors left.
  template <class K, class V>
  ManagedDict<K, V> dict() const {
    return ManagedDict<K, V>(make<detail::ServedDict<K, V>>());
  }
  template <class T>
  ManagedList<T> list() const {
    return ManagedList<T>(make<detail::ServedList<T>>());
  }
  template <class T>
  ManagedValue<T> value(const T& initial = T()) const {
    return ManagedValue<T>(make<detail::ServedValue<T>>(initial));
  }
  ManagedSpace space() const;
  /// With room for `maxsize` values; 0: for as many as there is memory for.
  template <class T>
  ManagedQueue<T> queue(std::size_t maxsize = 0) const {
    return ManagedQueue<T>(make_queue(maxsize));
  }
  ManagedLock lock() const;
  ManagedRLock rlock() const;
  /// Throw UsageError for a negative count.
  ManagedSemaphore semaphore(std::int64_t count = 1) const;
  ManagedBoundedSemaphore bounded_semaphore(std::int64_t count = 1) const;
  ManagedEvent event() const;
  /// With a ManagedRLock of its own, or with the lock given. Throws UsageError for a lock of
  /// another manager.
  ManagedCondition condition() const { return condition(rlock()); }
  ManagedCondition condition(const detail::ManagedMutex& lock) const;
  /// Throws UsageError for less than one party.
  ManagedBarrier barrier(std::int64_t parties) const;

  /// An object of any type: T(args...), made in the server. Throws what its constructor throws.
  template <class T, class... Args>
  Proxy<T> make(const Args&... arguments) const {
    return Proxy<T>(detail::call_stub<detail::ManagedRef>(
        root(), &detail::run_make<T, detail::stored_t<Args>...>, arguments...));
  }

  /// How many objects live in the server.
  std::size_t objects() const;
  /// Of the server; after connect(), of the gateway.
  int pid() const;
  const std::string& name() const;  ///< SyncManager-1, RemoteManager-1
  /// Ends the server: objects are destroyed, calls that wait throw SystemError, and so do all later
  /// ones. Takes two seconds at most, then the server is killed. Idempotent. Throws UsageError in a
  /// forked child.
  void shutdown();

 private:
  class Server;
  explicit Manager(std::unique_ptr<Server> server);
  const detail::ManagedRef& root() const noexcept;
  detail::ManagedRef make_queue(std::size_t maxsize) const;

  std::unique_ptr<Server> server_;
};

}  // namespace brood
