// The distance to the limit: what a call of the pool costs, as a multiple of what the operating
// system alone takes for the same. Both sides are measured in turn, many times, in one run; the
// counters are medians.
#include <benchmark/benchmark.h>
#include <brood/brood.hpp>

#include <spawn.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>

#include "baseline.hpp"
#include "compare.hpp"

extern char** environ;

namespace {

using bench::compare;
using bench::median;

int next(int value) { return value + 1; }
double root(double value) { return std::sqrt(value); }
std::size_t length(const std::string& text) { return text.size(); }

// Calls against messages that go through pipes and come back.
template <class Here>
void compare_round_trips(benchmark::State& state, const brood::Pool& pool,
                         const bench::PipePeer& peer) {
  constexpr int calls = 2000;
  char message[64] = {};
  bench::compare(
      state, calls,
      [&] {
        for (int i = 0; i < calls; ++i) benchmark::DoNotOptimize(pool.apply(next, i));
      },
      [&] {
        [[maybe_unused]] const Here here;
        for (int i = 0; i < calls; ++i) {
          bench::write_fully(peer.to(), message, sizeof message);
          bench::read_fully(peer.from(), message, sizeof message);
        }
      });
}
struct Anywhere {};

void apply_against_pipe_round_trip(benchmark::State& state) {
  const bench::OnOneCpu pinned;
  const bench::PipePeer peer(bench::echo);
  const brood::Pool pool({.workers = 1, .start_method = "fork"});
  compare_round_trips<Anywhere>(state, pool, peer);
}
BENCHMARK(apply_against_pipe_round_trip)
    ->UseManualTime()
    ->Iterations(41)
    ->Unit(benchmark::kMillisecond);

// The pipe's ends stay on two CPUs; the pool's processes are where the system puts them.
void apply_against_pipe_between_cpus(benchmark::State& state) {
  const bench::PipePeer peer([](int from, int to) {
    bench::use_last_cpu();
    bench::echo(from, to);
  });
  const brood::Pool pool({.workers = 1});
  compare_round_trips<bench::OnOneCpu>(state, pool, peer);
}
BENCHMARK(apply_against_pipe_between_cpus)
    ->UseManualTime()
    ->Iterations(41)
    ->Unit(benchmark::kMillisecond);

// Seconds that python3 takes for the same, 0 where there is none.
double python_apply_async(int calls) {
  return bench::python_seconds(
      "import multiprocessing as m, time, operator\n"
      "if __name__ == \"__main__\":\n"
      "    p = m.get_context(\"fork\").Pool(2); p.apply(abs, (1,)); t = time.perf_counter()\n"
      "    r = [p.apply_async(abs, (i,)) for i in range(" +
      std::to_string(calls) +
      ")]; [x.get() for x in r]\n"
      "    print(time.perf_counter() - t)\n");
}

void apply_async_against_python(benchmark::State& state) {
  constexpr int calls = 200000;
  constexpr int python_calls = 20000;
  brood::Pool pool({.workers = 2, .start_method = "fork"});
  pool.apply(next, 1);
  std::vector<double> rates, ratios;
  for (auto _ : state) {
    const double python = python_apply_async(python_calls) / python_calls;
    const double ours = bench::seconds([&] {
                          std::vector<brood::AsyncResult<int>> results;
                          results.reserve(calls);
                          for (int i = 0; i < calls; ++i)
                            results.push_back(pool.apply_async(next, i));
                          for (const auto& result : results) benchmark::DoNotOptimize(result.get());
                        }) /
                        calls;
    state.SetIterationTime(ours * calls);
    rates.push_back(1 / ours);
    ratios.push_back(python / ours);
  }
  state.counters["per_second"] = bench::median(rates);
  state.counters["times_python"] = bench::median(ratios);
}
BENCHMARK(apply_async_against_python)
    ->UseManualTime()
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);

// The same bytes there and back through two pipes.
void through_pipe(const bench::PipePeer& peer, const std::vector<double>& values,
                  std::vector<double>& results) {
  const char* out = reinterpret_cast<const char*>(values.data());
  char* in = reinterpret_cast<char*>(results.data());
  std::size_t to_write = values.size() * sizeof(double), to_read = to_write;
  while (to_read != 0) {
    pollfd ends[2] = {{peer.from(), POLLIN, 0}, {to_write != 0 ? peer.to() : -1, POLLOUT, 0}};
    poll(ends, 2, -1);
    if (ends[0].revents != 0) {
      const ssize_t got = read(peer.from(), in, to_read);
      in += got;
      to_read -= static_cast<std::size_t>(got);
    } else {
      const std::size_t block =
          std::min<std::size_t>(to_write, 4096);  // what a pipe takes without blocking
      bench::write_fully(peer.to(), out, block);
      out += block;
      to_write -= block;
    }
  }
}

void map_of_sqrt_against_pipe(benchmark::State& state) {
  std::vector<double> values(10'000'000);
  std::iota(values.begin(), values.end(), 0.0);
  std::vector<double> echoed(values.size());
  bench::PipePeer peer([](int from, int to) {
    fcntl(to, F_SETPIPE_SZ, 1 << 16);
    bench::echo(from, to);
  });
  brood::Pool pool({.workers = 2, .start_method = "fork"});
  pool.map(root, std::vector<double>(1000, 1.0));
  bench::compare(
      state, 1, [&] { benchmark::DoNotOptimize(pool.map(root, values)); },
      [&] { through_pipe(peer, values, echoed); });
}
BENCHMARK(map_of_sqrt_against_pipe)->UseManualTime()->Iterations(7)->Unit(benchmark::kMillisecond);

void large_argument_against_pipe(benchmark::State& state) {
  const std::string text(64 << 20, 'x');
  bench::PipePeer peer([](int from, int to) {
    std::vector<char> block(1 << 20);
    for (std::size_t left = 64 << 20;;) {
      const ssize_t got = read(from, block.data(), std::min(block.size(), left));
      if (got <= 0) return;
      left -= static_cast<std::size_t>(got);
      if (left != 0) continue;
      bench::write_fully(to, block.data(), 1);
      left = 64 << 20;
    }
  });
  brood::Pool pool({.workers = 1, .start_method = "fork"});
  pool.apply(length, std::string("x"));
  bench::compare(
      state, 1, [&] { benchmark::DoNotOptimize(pool.apply(length, text)); },
      [&] {
        char done = 0;
        bench::write_fully(peer.to(), text.data(), text.size());
        bench::read_fully(peer.from(), &done, 1);
      });
  state.counters["bandwidth_ratio"] = 1 / state.counters["ratio"];
}
BENCHMARK(large_argument_against_pipe)
    ->UseManualTime()
    ->Iterations(11)
    ->Unit(benchmark::kMillisecond);

/// Memory of the parent's, touched, so that a fork has page tables to copy.
class Ballast {
 public:
  explicit Ballast(std::size_t size) : size_(size) {
    if (size_ == 0) return;
    memory_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory_, size_, MADV_NOHUGEPAGE);
    std::memset(memory_, 1, size_);
  }
  ~Ballast() {
    if (size_ != 0) munmap(memory_, size_);
  }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

 private:
  std::size_t size_;
  void* memory_ = nullptr;
};

void bare_start(const std::string& method) {
  pid_t child = -1;
  if (method == "fork") {
    child = fork();
    if (child == 0) _exit(0);
  } else {
    char program[] = "/proc/self/exe", argument[] = "--exit";
    char* const arguments[] = {program, argument, nullptr};
    if (posix_spawn(&child, program, nullptr, nullptr, arguments, environ) != 0) return;
  }
  waitpid(child, nullptr, 0);
}

// From nothing to the first result of a pool of one. Ending the pool is not counted, as reaping is
// all that the bare side has.
void start_to_first_result(benchmark::State& state, const std::string& method) {
  const Ballast ballast(static_cast<std::size_t>(state.range(0)) << 30);
  if (method == "forkserver") brood::Pool({.workers = 1, .start_method = method}).apply(next, 1);
  std::vector<double> ours, bare;
  for (auto _ : state) {
    bare.push_back(bench::seconds([&] { bare_start(method); }));
    std::unique_ptr<brood::Pool> pool;
    ours.push_back(bench::seconds([&] {
      pool =
          std::make_unique<brood::Pool>(brood::PoolOptions{.workers = 1, .start_method = method});
      benchmark::DoNotOptimize(pool->apply(next, 1));
    }));
    state.SetIterationTime(ours.back());
  }
  state.counters["brood_us"] = bench::median(ours) * 1e6;
  state.counters["bare_us"] = bench::median(bare) * 1e6;
  state.counters["ratio"] = bench::median(ours) / bench::median(bare);
}
BENCHMARK_CAPTURE(start_to_first_result, fork, std::string("fork"))
    ->UseManualTime()
    ->Iterations(101)
    ->Arg(0)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(start_to_first_result, forkserver, std::string("forkserver"))
    ->UseManualTime()
    ->Iterations(101)
    ->Arg(0)
    ->Arg(4)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(start_to_first_result, spawn, std::string("spawn"))
    ->UseManualTime()
    ->Iterations(51)
    ->Arg(0)
    ->Arg(4)
    ->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--exit") == 0) return 0;
  brood::init(argc, argv);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
