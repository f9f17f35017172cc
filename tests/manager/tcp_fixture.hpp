#pragma once

#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include <brood/connection.hpp>
#include "manager/manager_fixture.hpp"

namespace brood::testing {

inline const std::string right_key = "correct horse battery staple";

/// A forked process that has nothing but an address and a key: made before the manager is.
class Remote {
 public:
  /// `body(manager, tell)` runs when it has connected. What it throws is reported by end().
  template <class Body>
  Remote(const std::string& method, Body body) {
    auto [ours, theirs] = pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::alarm(60);
      ours.close();
      run(method, body, theirs);
      theirs.close();
      ::_exit(0);
    }
    theirs.close();
    said_ = ours;
  }
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;
  ~Remote() { kill(); }

  void connect(const std::string& address, const std::string& key = right_key) {
    said_.send(address);
    said_.send(key);
  }
  /// The other end of the connection that its body was given.
  Connection& talk() { return said_; }
  template <class T = int>
  T hear() {
    return said_.recv<T>().value();
  }
  /// Waits until it has ended. What went wrong in it, or nothing.
  std::string end() {
    const std::string failure = hear<std::string>();
    wait();
    return failure;
  }
  void kill() {
    if (pid_ != 0) ::kill(pid_, SIGKILL);
    wait();
  }

 private:
  template <class Body>
  static void run(const std::string& method, Body& body, Connection& tell) {
    std::string failure;
    try {
      const std::string address = tell.recv<std::string>().value();
      const std::string key = tell.recv<std::string>().value();
      Manager manager = Manager::connect(address, key, method);
      body(manager, tell);
    } catch (const AuthenticationError& error) {
      failure = "AuthenticationError";
    } catch (const std::exception& error) {
      failure = error.what();
    }
    start::drop_forkserver();
    tell.send(failure);
  }
  void wait() {
    if (pid_ == 0) return;
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  pid_t pid_ = 0;
  Connection said_;
};

class TcpTest : public ManagerTest {
 protected:
  brood::ManagerOptions listening() const {
    return {.start_method = method(), .address = "127.0.0.1:0", .key = right_key};
  }
  template <class Body>
  std::unique_ptr<Remote> remote(Body body) const {
    return std::make_unique<Remote>(method(), std::move(body));
  }
  static bool come_to(const Manager& manager, std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (manager.objects() != count && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    return manager.objects() == count;
  }
};

}  // namespace brood::testing
