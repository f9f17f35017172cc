// What shared objects cost, as a multiple of what stands below them. See ratios_bench.cpp.
#include <benchmark/benchmark.h>
#include <brood/array.hpp>
#include <brood/cpu.hpp>
#include <brood/lock.hpp>
#include <brood/pool.hpp>
#include <brood/semaphore.hpp>
#include <brood/value.hpp>

#include <sys/mman.h>

#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <cstddef>
#include <new>
#include <numeric>
#include <thread>
#include <vector>

#include "compare.hpp"

namespace {

using bench::compare;
constexpr int calls = 200000;

/// The mutex of Boost.Interprocess, which no death of a holder unlocks, in shared memory.
class BareMutex {
 public:
  using Mutex = boost::interprocess::interprocess_mutex;
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

void lock_and_unlock(benchmark::State& state) {
  BareMutex bare;
  const brood::Lock lock;
  compare(
      state, calls,
      [&] {
        for (int i = 0; i < calls; ++i) {
          lock.acquire();
          lock.release();
        }
      },
      [&] {
        for (int i = 0; i < calls; ++i) {
          bare.get().lock();
          bare.get().unlock();
        }
      });
}
BENCHMARK(lock_and_unlock)->UseManualTime()->Iterations(41)->Unit(benchmark::kMillisecond);

void update_of_a_value(benchmark::State& state) {
  BareMutex bare;
  long plain = 0;
  const brood::Value<long> value(0);
  compare(
      state, calls,
      [&] {
        for (int i = 0; i < calls; ++i) value.update([](long& x) { ++x; });
      },
      [&] {
        for (int i = 0; i < calls; ++i) {
          bare.get().lock();
          benchmark::DoNotOptimize(++plain);
          bare.get().unlock();
        }
      });
}
BENCHMARK(update_of_a_value)->UseManualTime()->Iterations(41)->Unit(benchmark::kMillisecond);

void sum_of_an_array_against_a_vector(benchmark::State& state) {
  constexpr std::size_t count = std::size_t{4} << 20;
  const brood::Array<double> array(count, 1.0);
  const std::vector<double> vector(count, 1.0);
  compare(
      state, 1, [&] { benchmark::DoNotOptimize(std::accumulate(array.begin(), array.end(), 0.0)); },
      [&] { benchmark::DoNotOptimize(std::accumulate(vector.begin(), vector.end(), 0.0)); });
}
BENCHMARK(sum_of_an_array_against_a_vector)
    ->UseManualTime()
    ->Iterations(41)
    ->Unit(benchmark::kMillisecond);

constexpr std::size_t large = std::size_t{8} << 20;  // of double: more than the caches hold
const int workers = brood::available_cpus();

void scale(const brood::ArraySlice<double>& part) {
  for (double& x : part) x = x * 0.5 + 1.0;
}
double sum(const brood::ArraySlice<double>& part) {
  return std::accumulate(part.begin(), part.end(), 0.0);
}

/// One thread for each part, all of them waited for.
template <class Body>
void in_threads(const std::vector<brood::ArraySlice<double>>& parts, Body body) {
  std::vector<std::thread> threads;
  for (const auto& part : parts) threads.emplace_back([&body, &part] { body(part); });
  for (std::thread& thread : threads) thread.join();
}

void for_each_slice_against_threads(benchmark::State& state) {
  const brood::Array<double> array(large, 1.0);
  const auto parts = array.slices(static_cast<std::size_t>(workers));
  brood::Pool pool({.workers = workers, .start_method = "fork"});
  pool.for_each(scale, parts);  // makes the workers' page tables
  compare(
      state, 1, [&] { pool.for_each(scale, parts); }, [&] { in_threads(parts, scale); });
}
BENCHMARK(for_each_slice_against_threads)
    ->UseManualTime()
    ->Iterations(21)
    ->Unit(benchmark::kMillisecond);

void map_of_slices_against_threads(benchmark::State& state) {
  const brood::Array<double> array(large, 1.0);
  const auto parts = array.slices(static_cast<std::size_t>(workers));
  brood::Pool pool({.workers = workers, .start_method = "fork"});
  pool.map(sum, parts);
  compare(
      state, 1, [&] { benchmark::DoNotOptimize(pool.map(sum, parts)); },
      [&] { in_threads(parts, [](const auto& part) { benchmark::DoNotOptimize(sum(part)); }); });
}
BENCHMARK(map_of_slices_against_threads)
    ->UseManualTime()
    ->Iterations(21)
    ->Unit(benchmark::kMillisecond);

}  // namespace
