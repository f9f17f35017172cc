#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <brood/detail/export.hpp>
#include <brood/errors.hpp>
#include <brood/launcher.hpp>
#include <brood/object_errors.hpp>
#include <brood/object_factory.hpp>
#include <brood/task.hpp>

namespace brood {

/// What one remote program (one Manager::connect) may use of a server with an address. A call
/// beyond that throws QuotaError in the remote program; other programs notice nothing. Quotas limit
/// mistakes, not attacks: a program that has the key can run any function in the server. Programs
/// on the server's machine that were given a proxy have no quota. Each quota is at least 1.
struct ManagerQuotas {
  /// Objects that the program has made and that live, even if only others have proxies of them.
  /// Unset: 100'000.
  std::size_t objects = 100'000;
  /// Bytes of the program's messages to the server. A message counts while it arrives and until it
  /// is answered. A message with a value for a queue, space, dict, list or managed value counts
  /// until that value is taken out or overwritten. What update() makes of an element, and what
  /// objects of your own types make of their arguments, does not count. It is also the most bytes
  /// of one message. Unset: 1 GiB.
  std::size_t bytes = std::size_t{1} << 30;
  /// Connections: one for each call in progress, and a few idle ones for the next calls. Each has
  /// two threads in the server. Unset: 1024.
  std::size_t connections = 1024;
};

/// The options of a Manager.
struct ManagerOptions {
  /// How the server is started. Unset: get_start_method().
  StartMethod start_method{};
  /// Where the server listens for remote programs: "host:port"; port 0 means any free port. Empty:
  /// it does not listen.
  std::string address{};
  /// The secret that server and remote programs must prove to have: 16 to 65536 bytes, of any
  /// value. Needed with an address, refused without. Use random_key(): a program that has the key
  /// can run any function of this program in the server, and a short key can be guessed from a
  /// recorded handshake. Brood wipes its own copies; wipe yours when you need it no more. Empty: no
  /// key.
  std::string key{};
  /// The quotas of each remote program. Unset: those of ManagerQuotas.
  ManagerQuotas quotas{};
};

/// Makes a new key: 32 random bytes from the kernel, as 64 hexadecimal digits, so that it can be
/// written to files and pipes. Does not block. Throws SystemError. Threads: any. Cost: one system
/// call.
BROOD_API std::string random_key();

/// Starts a process, the server, which holds objects for any number of other processes. These have
/// proxies of the objects. What makes objects is in ObjectFactory. A proxy may be sent wherever a
/// value may: as a task's argument, through a Connection or a queue, into another managed object.
///   brood::Manager manager;
///   auto results = manager.dict<std::string, double>();
///   pool.for_each(brood::task(compute_into, results), names);
/// An object lives as long as a proxy of it exists, in any process or on the way to one, and no
/// longer than the server. The server ends when the Manager is destroyed, or when the process that
/// made it ends. Objects that hold proxies of each other live until then. The server has at most
/// two descriptors for each object; another process has one for each object that it has a proxy of.
/// It can be neither copied nor moved: hold it in a std::unique_ptr where that matters.
/// A function blocks and throws only where it says so.
/// Threads: any.
/// Fork: a forked child can make and use objects as its parent can; the destructor does nothing.
/// Cost: a process, with a thread for each connection to it.
class BROOD_API Manager : public ObjectFactory {
 public:
  /// Starts the server. Blocks until it serves. Throws UsageError for an address without a key, a
  /// key without an address, a key that is not 16 to 65536 bytes long and, with an address, a quota
  /// of 0; StartError, SystemError.
  Manager() : Manager(ManagerOptions()) {}
  explicit Manager(ManagerOptions options);
  /// Does what shutdown() does.
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// Connects to a server that another process of the same build of this program has started with
  /// this address and key. It works like a Manager of one's own, with two differences: shutdown()
  /// ends only the connection; and a value with a descriptor that is no proxy of this server's
  /// objects (a Connection, an Array, …) is a CodecError. A process may connect more than once: a
  /// proxy ends with the connection that it came by, and may be put into objects by way of any.
  /// Encrypted by TLS 1.3. Blocks until connected, for a minute at most. Throws UsageError for a
  /// key of less than 16 bytes and for a malformed address; AuthenticationError; StartError,
  /// SystemError.
  /// Cost: a process, the gateway, and a TCP connection for each thread that calls.
  static Manager connect(const std::string& address, const std::string& key,
                         StartMethod start_method = {});
  /// Where the server listens, with the real port; empty when it does not listen.
  const std::string& address() const;

  /// Number of objects that live in the server. Throws SystemError when the server has ended.
  std::size_t objects() const;
  /// Process id of the server; after connect(), of the gateway.
  int pid() const;
  /// Name of that process: "SyncManager-1", "RemoteManager-1".
  const std::string& name() const;
  /// Ends the server: objects are destroyed, and calls that wait throw SystemError, as do all later
  /// calls. Blocks until the server has ended; after two seconds it is killed. A second call does
  /// nothing. Throws UsageError in a forked child.
  void shutdown();

 private:
  class Server;
  explicit Manager(std::unique_ptr<Server> server);

  std::unique_ptr<Server> server_;
};

}  // namespace brood
