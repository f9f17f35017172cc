#include "manager/client/channels.hpp"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <iterator>
#include <map>
#include <new>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "base/mutex.hpp"
#include "manager/messages.hpp"
#include "platform/process.hpp"
#include "platform/random.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::manager {
namespace {

constexpr std::size_t most_idle = 8;  // of one place: more threads than that seldom call at once

/// This process's connections. A forked child closes the copies of its parent's at once: a server
/// learns that a process has ended by the end of its connections.
struct Channels {
  base::Mutex mutex;
  std::map<Place, std::vector<platform::Descriptor>> idle BROOD_GUARDED_BY(mutex);
  /// Numbers of all, those in use too.
  std::set<int> open BROOD_GUARDED_BY(mutex);
  /// Drawn when the first one is opened.
  std::uint64_t process BROOD_GUARDED_BY(mutex) = 0;
};

// Never destroyed: proxies in static objects may outlive it.
Channels& raw_channels() {
  static Channels* const instance = new Channels;
  return *instance;
}

// pthread_atfork(3) calls one before and another one after a fork.
void lock_channels() BROOD_NO_THREAD_SAFETY_ANALYSIS { raw_channels().mutex.lock(); }
void unlock_channels() BROOD_NO_THREAD_SAFETY_ANALYSIS { raw_channels().mutex.unlock(); }
void drop_copies() BROOD_NO_THREAD_SAFETY_ANALYSIS {
  Channels& all = raw_channels();
  for (const int number : all.open) {
    platform::own_descriptors.erase(number);
    ::close(number);
  }
  for (auto& [place, sockets] : all.idle) {
    for (platform::Descriptor& socket : sockets) socket.release();
  }
  all.open.clear();
  all.idle.clear();
  all.process = 0;
  all.mutex.unlock();
}

Channels& channels() {
  static const int installed = pthread_atfork(lock_channels, unlock_channels, drop_copies);
  static_cast<void>(installed);
  return raw_channels();
}

bool has_ended(const platform::Descriptor& socket) {
  pollfd watched{socket.get(), 0, 0};
  return platform::system_calls().poll(&watched, 1, 0) > 0;
}

// A connection to one server closes what is left of others that have ended.
void drop_ended(Channels& all) BROOD_REQUIRES(all.mutex) {
  for (auto entry = all.idle.begin(); entry != all.idle.end();) {
    std::erase_if(entry->second, [&](const platform::Descriptor& socket) BROOD_REQUIRES(all.mutex) {
      return has_ended(socket) && all.open.erase(socket.get()) != 0;
    });
    entry = entry->second.empty() ? all.idle.erase(entry) : std::next(entry);
  }
}

Channel open_channel(const Place& place, const detail::DescriptorRef& lease) {
  Channel channel{place, {}};
  platform::Descriptor theirs;
  ConnectMessage message;
  {
    Channels& all = channels();
    const base::MutexLock lock(all.mutex);
    drop_ended(all);
    if (all.process == 0) all.process = platform::random_number("connecting to a manager's server");
    message.process = all.process;
    platform::SocketPair pair = platform::make_socket_pair();
    all.open.insert(pair.ours.get());
    channel.socket = std::move(pair.ours);
    theirs = std::move(pair.theirs);
  }
  const int number = theirs.get();
  try {
    if (platform::send_message(lease->get(), std::as_bytes(std::span(&message, 1)), {&number, 1}))
      return channel;
  } catch (...) {
    discard(std::move(channel));
    throw;
  }
  discard(std::move(channel));
  throw_server_gone();
}

}  // namespace

void throw_server_gone() {
  // A server without a thread or a descriptor for a connection closes that, too.
  throw SystemError("sendmsg",
                    "calling an object of a manager whose server has ended, or can serve no "
                    "further thread",
                    EPIPE);
}

Channel take_channel(std::uint64_t server, const detail::DescriptorRef& lease) {
  const Place place{server, platform::maker_of(lease->get())};
  {
    Channels& all = channels();
    const base::MutexLock lock(all.mutex);
    const auto entry = all.idle.find(place);
    while (entry != all.idle.end() && !entry->second.empty()) {
      Channel channel{place, std::move(entry->second.back())};
      entry->second.pop_back();
      if (!has_ended(channel.socket)) return channel;
      all.open.erase(channel.socket.get());  // of a connection to it that was lost
    }
  }
  return open_channel(place, lease);
}

void give_back(Channel channel) noexcept {
  Channels& all = channels();
  const base::MutexLock lock(all.mutex);
  try {
    std::vector<platform::Descriptor>& idle = all.idle[channel.place];
    if (idle.size() < most_idle) return idle.push_back(std::move(channel.socket));
  } catch (const std::bad_alloc&) {
    // The next call opens another one.
  }
  all.open.erase(channel.socket.get());
  channel.socket.reset();
}

void discard(Channel channel) noexcept {
  Channels& all = channels();
  const base::MutexLock lock(all.mutex);
  all.open.erase(channel.socket.get());
  channel.socket.reset();
}

void forget_server(std::uint64_t server) noexcept {
  Channels& all = channels();
  const base::MutexLock lock(all.mutex);
  std::erase_if(all.idle, [&](const auto& entry) BROOD_REQUIRES(all.mutex) {
    if (entry.first.server != server) return false;
    for (const platform::Descriptor& socket : entry.second) all.open.erase(socket.get());
    return true;
  });
}

std::uint64_t thread_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  static thread_local const std::uint64_t number = ++last;
  return number;
}

}  // namespace brood::manager
