// Queues, connections, locks and values between processes, beside Boost.Interprocess's and bare
// ones.
#include <brood/array.hpp>
#include <brood/connection.hpp>
#include <brood/lock.hpp>
#include <brood/queue.hpp>
#include <brood/value.hpp>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <cereal/types/array.hpp>
#include <cstddef>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include "baseline.hpp"
#include "measure.hpp"

namespace bench {
namespace sharing {
namespace {

namespace ipc = boost::interprocess;
using Message = std::array<char, 64>;

/// A message_queue under a name that is gone with this object.
class BoostQueue {
 public:
  explicit BoostQueue(std::size_t most)
      : name_("brood-bench-" + std::to_string(getpid()) + "-" + std::to_string(++last)),
        queue_(ipc::create_only, name_.c_str(), most, sizeof(Message)) {}
  ~BoostQueue() { ipc::message_queue::remove(name_.c_str()); }
  BoostQueue(const BoostQueue&) = delete;
  BoostQueue& operator=(const BoostQueue&) = delete;

  void put(const Message& message) { queue_.send(message.data(), message.size(), 0); }
  Message get() {
    Message message;
    ipc::message_queue::size_type size = 0;
    unsigned priority = 0;
    queue_.receive(message.data(), message.size(), size, priority);
    return message;
  }

 private:
  static inline int last = 0;
  std::string name_;
  ipc::message_queue queue_;
};

/// A forked process that runs `body`; waited for at the end.
template <class Body>
class Forked {
 public:
  explicit Forked(Body body) : pid_(fork()) {
    if (pid_ != 0) return;
    body();
    _exit(0);
  }
  ~Forked() { waitpid(pid_, nullptr, 0); }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

 private:
  pid_t pid_;
};

template <class Queue>
void put_and_get(Queue& queue, int count) {
  for (int i = 0; i < count; ++i) {
    queue.put(Message{});
    keep(queue.get());
  }
}
template <class Queue>
void stream(Queue& queue, int count) {
  const Forked producer([&] {
    for (int i = 0; i < count; ++i) queue.put(Message{});
  });
  for (int i = 0; i < count; ++i) keep(queue.get());
}
template <class Queue>
void ping_pong(Queue& there, Queue& back, int count) {
  const Forked peer([&] {
    for (int i = 0; i < count; ++i) back.put(there.get());
  });
  for (int i = 0; i < count; ++i) {
    there.put(Message{});
    keep(back.get());
  }
}

void queue_put_get(const Scale& scale, const Report& report) {
  const int count = scale.of(20'000, 1000);
  brood::Queue<Message> ours(100);
  BoostQueue bare(100);
  alternate(report, 7, microseconds_each(count),
            {{"brood", [&] { put_and_get(ours, count); }},
             {"Boost.Interprocess", [&] { put_and_get(bare, count); }}});
}

void queue_stream(const Scale& scale, const Report& report) {
  const int count = scale.of(100'000, 1000);
  brood::Queue<Message> ours(1000);
  BoostQueue bare(1000);
  alternate(report, 5, microseconds_each(count),
            {{"brood", [&] { stream(ours, count); }},
             {"Boost.Interprocess", [&] { stream(bare, count); }}});
}

void queue_round_trip(const Scale& scale, const Report& report) {
  const OnOneCpu pinned;
  const int count = scale.of(5000, 1000);
  brood::Queue<Message> our_there(10), our_back(10);
  BoostQueue bare_there(10), bare_back(10);
  alternate(report, 7, microseconds_each(count),
            {{"brood", [&] { ping_pong(our_there, our_back, count); }},
             {"Boost.Interprocess", [&] { ping_pong(bare_there, bare_back, count); }}});
}

void connection_round_trip(const Scale& scale, const Report& report) {
  const OnOneCpu pinned;
  const int count = scale.of(5000, 1000);
  auto ends = brood::pipe();
  const PipePeer bare(echo);
  Message message{};
  const auto ours = [&] {
    const Forked peer([&] {
      for (int i = 0; i < count; ++i) ends.second.send(ends.second.recv<Message>().get());
    });
    for (int i = 0; i < count; ++i) {
      ends.first.send(message);
      keep(ends.first.recv<Message>());
    }
  };
  alternate(report, 7, microseconds_each(count),
            {{"brood", ours}, {"pipe", [&] {
                                 for (int i = 0; i < count; ++i) {
                                   write_fully(bare.to(), &message, 64);
                                   read_fully(bare.from(), &message, 64);
                                 }
                               }}});
}

/// The mutex of Boost.Interprocess, which no death of a holder unlocks, in shared memory.
class BareMutex {
 public:
  using Mutex = ipc::interprocess_mutex;
  BareMutex()
      : memory_(mmap(nullptr, sizeof(Mutex), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0)),
        mutex_(new (memory_) Mutex) {}
  BareMutex(const BareMutex&) = delete;
  BareMutex& operator=(const BareMutex&) = delete;
  ~BareMutex() { munmap(memory_, sizeof(Mutex)); }
  Mutex& get() { return *mutex_; }

 private:
  void* memory_;
  Mutex* mutex_;
};

void lock(const Scale& scale, const Report& report) {
  const int count = scale.of(200'000, 1000);
  BareMutex bare;
  const brood::Lock lock;
  alternate(report, 21, nanoseconds_each(count),
            {{"brood",
              [&] {
                for (int i = 0; i < count; ++i) {
                  lock.acquire();
                  lock.release();
                }
              }},
             {"Boost.Interprocess", [&] {
                for (int i = 0; i < count; ++i) {
                  bare.get().lock();
                  bare.get().unlock();
                }
              }}});
}

void value_update(const Scale& scale, const Report& report) {
  const int count = scale.of(200'000, 1000);
  BareMutex bare;
  long plain = 0;
  const brood::Value<long> value(0);
  alternate(report, 21, nanoseconds_each(count),
            {{"brood",
              [&] {
                for (int i = 0; i < count; ++i) value.update([](long& x) { ++x; });
              }},
             {"Boost.Interprocess", [&] {
                for (int i = 0; i < count; ++i) {
                  bare.get().lock();
                  keep(++plain);
                  bare.get().unlock();
                }
              }}});
}

void array_sum(const Scale& scale, const Report& report) {
  const auto count = scale.of<std::size_t>(std::size_t{4} << 20, 1000);
  const brood::Array<double> array(count, 1.0);
  const std::vector<double> vector(count, 1.0);
  alternate(report, 21, nanoseconds_each(static_cast<double>(count)),
            {{"brood", [&] { keep(std::accumulate(array.begin(), array.end(), 0.0)); }},
             {"std::vector", [&] { keep(std::accumulate(vector.begin(), vector.end(), 0.0)); }}});
}

}  // namespace
}  // namespace sharing

std::vector<Row> sharing_rows() {
  return {{"queue_put_get", "us", sharing::queue_put_get},
          {"queue_stream", "us", sharing::queue_stream},
          {"queue_round_trip", "us", sharing::queue_round_trip},
          {"connection_round_trip", "us", sharing::connection_round_trip},
          {"lock", "ns", sharing::lock},
          {"value_update", "ns", sharing::value_update},
          {"array_sum", "ns", sharing::array_sum}};
}

}  // namespace bench
