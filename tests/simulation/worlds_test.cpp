#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <string>

#include "support/sanitizers.hpp"
#include "world.hpp"

namespace brood::simulation::worlds_test {
namespace {

constexpr std::uint64_t shards = 12;
constexpr std::uint64_t default_worlds = testing::times<std::uint64_t>(102'000, 12'000);

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

// A world needs the memory that the world before has given back: it is kept, not fetched from the
// system each time.
constexpr int kept = 32 << 20;  // bytes
[[maybe_unused]] const bool keeps_memory =
    ::mallopt(M_MMAP_THRESHOLD, kept) == 1 && ::mallopt(M_TRIM_THRESHOLD, kept) == 1;

bool trace() { return from_environment("BROOD_SIM_TRACE", 0) != 0; }

/// What goes wrong in a world; empty when nothing does.
std::string fault_of(std::uint64_t seed, Mutation mutation = Mutation::none) {
  World world(seed, mutation, trace());
  try {
    world.run();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

constexpr std::uint64_t Census::*counts[] = {&Census::delayed,
                                             &Census::thrown,
                                             &Census::idled,
                                             &Census::aged,
                                             &Census::executions,
                                             &Census::retries,
                                             &Census::errors,
                                             &Census::lost,
                                             &Census::timed_out,
                                             &Census::excused,
                                             &Census::deaths,
                                             &Census::stops,
                                             &Census::failed_starts,
                                             &Census::broken_streams,
                                             &Census::revoked,
                                             &Census::cancelled,
                                             &Census::borrowed,
                                             &Census::from_pages,
                                             &Census::from_pages_of_the_dead,
                                             &Census::deferred_ends,
                                             &Census::deaf,
                                             &Census::torn_ends,
                                             &Census::full_rings,
                                             &Census::arriving,
                                             &Census::asked,
                                             &Census::exhausted,
                                             &Census::logged,
                                             &Census::attached,
                                             &Census::brought,
                                             &Census::narrow,
                                             &Census::blocked,
                                             &Census::blocked_callers,
                                             &Census::slept,
                                             &Census::in_place,
                                             &Census::collected,
                                             &Census::wrapped_tasks,
                                             &Census::wrapped_results,
                                             &Census::across_the_end,
                                             &Census::taken,
                                             &Census::cut_results,
                                             &Census::deserted,
                                             &Census::ready_made,
                                             &Census::without_main_thread,
                                             &Census::oversized,
                                             &Census::stopped,
                                             &Census::cut,
                                             &Census::collapsed,
                                             &Census::lacks,
                                             &Census::left_alone,
                                             &Census::full_tables,
                                             &Census::brought_by_callers,
                                             &Census::decided_by_workers,
                                             &Census::hung_up,
                                             &Census::hung_up_driven,
                                             &Census::asked_to_stop,
                                             &Census::stopped_in_time,
                                             &Census::recorded};

class Worlds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Worlds, keep_the_invariants) {
  if (std::getenv("BROOD_SIM_SEED") != nullptr) GTEST_SKIP() << "only BROOD_SIM_SEED is replayed";
  const std::uint64_t worlds = from_environment("BROOD_SIM_WORLDS", default_worlds) / shards;
  for (std::uint64_t i = 0; i < worlds; ++i) {
    const std::uint64_t seed = i * shards + GetParam() + 1;
    const std::string fault = fault_of(seed);
    ASSERT_EQ(fault, "") << "replay: BROOD_SIM_SEED=" << seed << " BROOD_SIM_TRACE=1";
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, Worlds, ::testing::Range(std::uint64_t{0}, shards));

TEST(World, of_a_given_seed_keeps_the_invariants) {
  if (std::getenv("BROOD_SIM_SEED") == nullptr) GTEST_SKIP() << "BROOD_SIM_SEED is not set";
  EXPECT_EQ(fault_of(from_environment("BROOD_SIM_SEED", 1)), "");
}

TEST(World, sees_everything_that_can_happen) {
  Census sum;
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    World world(seed, Mutation::none, false);
    world.run();
    const Census& census = world.census();
    for (const auto count : counts) sum.*count += census.*count;
  }
  for (std::size_t i = 0; i < std::size(counts); ++i) {
    RecordProperty("count_" + std::to_string(i), std::to_string(sum.*counts[i]));
    EXPECT_GE(sum.*counts[i], 20u) << "count number " << i << " of Census";
  }
}

class Mutations : public ::testing::TestWithParam<int> {};

TEST_P(Mutations, are_noticed) {
  const auto mutation = static_cast<Mutation>(GetParam());
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    const std::string fault = fault_of(seed, mutation);
    if (fault.empty()) continue;
    RecordProperty("seed", std::to_string(seed));
    RecordProperty("fault", fault);
    return;
  }
  FAIL() << "20,000 worlds, and the referee has not noticed " << name_of(mutation);
}

INSTANTIATE_TEST_SUITE_P(Every, Mutations, ::testing::Range(1, static_cast<int>(Mutation::count)),
                         [](const auto& param) {
                           return std::string(name_of(static_cast<Mutation>(param.param)));
                         });

}  // namespace
}  // namespace brood::simulation::worlds_test
