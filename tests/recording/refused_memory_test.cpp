#include <array>
#include <cstdlib>
#include <new>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/record/recorder.hpp"

namespace {

thread_local int countdown = 0;  // the allocation of this thread that is refused; 0: none

void* allocate(std::size_t size) {
  if (countdown != 0 && --countdown == 0) throw std::bad_alloc();
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace brood::pool::refused_memory_test {
namespace {

constexpr Time start{Nanoseconds(1'000'000)};

void live(Recorder& recorder, std::span<const std::byte> function) {
  recorder.started(0, "a worker whose name is longer than a short string", 7, start, start);
  recorder.added(1, 40, start, CallsOfRecord::Kind::of_many, function);
  recorder.added(2, 1, start, CallsOfRecord::Kind::of_one_element, function);
  for (std::uint64_t i = 0; i < 20; ++i) {
    recorder.sent({0, 1, i, 1, i, 1, false}, start);
    recorder.logged(0, "a line that is longer than a short string", start);
    const std::array times{protocol::ElementTimes{i, 1, 2, 3, 1'000'000 * (i + 1)}};
    recorder.timed(0, times);
    if (i % 2 == 0) {
      recorder.returned(0, i, 1, start);
    } else {
      recorder.threw(0, i, "an error that is longer than a short string", true, start);
    }
  }
  recorder.sent({0, 1, 30, 5, 20, 1, false}, start);
  recorder.gone(0, 21, start, "signal 11 (SIGSEGV, Segmentation fault)", start);
  recorder.lost(0, 1, 30, OutcomeKind::worker_lost, "it died, and its words are many", true, start);
  recorder.buried(0, start);
  recorder.finished(1, start);
  recorder.over(1);
}

TEST(RefusedMemory, stops_a_record_and_nothing_else_wherever_it_is_refused) {
  const std::vector<std::byte> function(300);
  int refusals = 0;
  for (bool was_refused = true; was_refused;) {
    Recorder recorder(1, Recorder::Keep::timeline, start);
    countdown = refusals + 1;
    live(recorder, function);
    was_refused = countdown == 0;
    countdown = 0;
    refusals += was_refused;
    EXPECT_EQ(recorder.stopped() != nullptr, was_refused);
    const trace::Timeline timeline = recorder.take(start);
    EXPECT_EQ(timeline.thinning.find("no memory") != std::string::npos, was_refused);
  }
  EXPECT_GT(refusals, 50);
}

}  // namespace
}  // namespace brood::pool::refused_memory_test
