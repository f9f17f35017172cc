// Queues and locks between processes, beside Boost.Interprocess's and Python's.
#include <benchmark/benchmark.h>
#include <brood/brood.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/interprocess/anonymous_shared_memory.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <memory>
#include <string>
#include <vector>

#include "compare.hpp"

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

void queue_put_and_get(benchmark::State& state) {
  constexpr int count = 20'000;
  brood::Queue<Message> ours(100);
  BoostQueue bare(100);
  bench::compare(
      state, count,
      [&] {
        for (int i = 0; i < count; ++i) {
          ours.put(Message{});
          benchmark::DoNotOptimize(ours.get());
        }
      },
      [&] {
        for (int i = 0; i < count; ++i) {
          bare.put(Message{});
          benchmark::DoNotOptimize(bare.get());
        }
      });
}
BENCHMARK(queue_put_and_get)->UseManualTime()->Iterations(21)->Unit(benchmark::kMillisecond);

template <class Queue>
void stream(Queue& queue, int count) {
  const Forked producer([&] {
    for (int i = 0; i < count; ++i) queue.put(Message{});
  });
  for (int i = 0; i < count; ++i) benchmark::DoNotOptimize(queue.get());
}
void queue_throughput(benchmark::State& state) {
  constexpr int count = 100'000;
  brood::Queue<Message> ours(1000);
  BoostQueue bare(1000);
  bench::compare(
      state, count, [&] { stream(ours, count); }, [&] { stream(bare, count); });
}
BENCHMARK(queue_throughput)->UseManualTime()->Iterations(11)->Unit(benchmark::kMillisecond);

template <class Queue>
void ping_pong(Queue& there, Queue& back, int count) {
  const Forked peer([&] {
    for (int i = 0; i < count; ++i) back.put(there.get());
  });
  for (int i = 0; i < count; ++i) {
    there.put(Message{});
    benchmark::DoNotOptimize(back.get());
  }
}
void queue_latency(benchmark::State& state) {
  const bench::OnOneCpu pinned;
  constexpr int count = 5000;
  brood::Queue<Message> our_there(10), our_back(10);
  BoostQueue bare_there(10), bare_back(10);
  bench::compare(
      state, count, [&] { ping_pong(our_there, our_back, count); },
      [&] { ping_pong(bare_there, bare_back, count); });
}
BENCHMARK(queue_latency)->UseManualTime()->Iterations(21)->Unit(benchmark::kMillisecond);

double python_stream(int count) {
  return bench::python_seconds(
      "import multiprocessing as m, time\n"
      "def produce(q, n):\n"
      "    for i in range(n): q.put(b\"0\" * 64)\n"
      "if __name__ == \"__main__\":\n"
      "    c = m.get_context(\"fork\"); q = c.Queue(); n = " +
      std::to_string(count) +
      "\n    t = time.perf_counter(); p = c.Process(target=produce, args=(q, n)); p.start()\n"
      "    for i in range(n): q.get()\n"
      "    p.join(); print(time.perf_counter() - t)\n");
}
void queue_throughput_against_python(benchmark::State& state) {
  constexpr int count = 100'000, python_count = 20'000;
  brood::Queue<Message> queue;
  std::vector<double> ratios, rates;
  for (auto _ : state) {
    const double python = python_stream(python_count) / python_count;
    const double ours = bench::seconds([&] { stream(queue, count); }) / count;
    state.SetIterationTime(ours * count);
    ratios.push_back(python / ours);
    rates.push_back(1 / ours);
  }
  state.counters["times_python"] = bench::median(ratios);
  state.counters["per_second"] = bench::median(rates);
}
BENCHMARK(queue_throughput_against_python)
    ->UseManualTime()
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);

void connection_round_trip(benchmark::State& state) {
  const bench::OnOneCpu pinned;
  constexpr int count = 5000;
  auto [ours, theirs] = brood::pipe();
  bench::PipePeer bare(bench::echo);
  Message message{};
  bench::compare(
      state, count,
      [&, &ours = ours, &theirs = theirs] {
        const Forked peer([&] {
          for (int i = 0; i < count; ++i) theirs.send(theirs.recv<Message>().get());
        });
        for (int i = 0; i < count; ++i) {
          ours.send(message);
          benchmark::DoNotOptimize(ours.recv<Message>());
        }
      },
      [&] {
        for (int i = 0; i < count; ++i) {
          bench::write_fully(bare.to(), message.data(), message.size());
          bench::read_fully(bare.from(), message.data(), message.size());
        }
      });
}
BENCHMARK(connection_round_trip)->UseManualTime()->Iterations(21)->Unit(benchmark::kMillisecond);

}  // namespace
