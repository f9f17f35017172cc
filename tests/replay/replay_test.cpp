#include <brood/replay.hpp>

#include <cstring>

#include "replay/replay_fixture.hpp"
#include "wire/saved_element.hpp"

// brood::replay and --brood-replay: what is run again, and which files are refused.
namespace brood::testing::replay_test {
namespace {

class ReplayTest : public PoolTest {
 protected:
  /// The file of an element that fails in a pool with these options.
  template <class Call>
  std::string file_of(Call call, PoolOptions more = {}) {
    more.workers = 1;
    more.start_method = method();
    more.save_failed = directory_.path();
    const Pool pool(std::move(more));
    EXPECT_ANY_THROW(call(pool));
    const std::vector<std::string> files = directory_.files();
    EXPECT_EQ(files.size(), 1u);
    return files.empty() ? std::string() : files.front();
  }

 private:
  FailedDirectory directory_;
};
BROOD_FOR_EVERY_METHOD(ReplayTest);

bool repaired = false;
/// Fails until the program has repaired what it needs.
std::string needs_repair(const std::string& text) {
  if (!repaired) throw std::runtime_error("not repaired");
  return text + text;
}

TEST_P(ReplayTest, gives_the_value_where_the_element_returns_now) {
  const std::string file =
      file_of([](const Pool& pool) { pool.apply(needs_repair, std::string("ab")); });
  const Replay failed = replay(file);
  EXPECT_FALSE(failed.has_value());
  EXPECT_THROW(failed.value<std::string>(), std::runtime_error);
  EXPECT_EQ(failed.str(), "threw std::runtime_error: not repaired");
  EXPECT_EQ(failed.outcome_then(), "std::runtime_error: not repaired");
  repaired = true;
  const Replay mended = replay(file);
  repaired = false;
  EXPECT_TRUE(mended.has_value());
  EXPECT_EQ(mended.value<std::string>(), "abab");
  EXPECT_EQ(mended.error(), nullptr);
}

/// Fails in a pool, and returns 3 in `--brood-replay` and in this process.
int fails_in_a_pool(int value) {
  if (this_worker::name().empty()) return value;
  if (::getenv("BROOD_TEST_REPLAYED") == nullptr) throw std::runtime_error("in a pool");
  return value * 3;
}

TEST_P(ReplayTest, the_command_says_what_was_returned) {
  const std::string file = file_of([](const Pool& pool) { pool.map(fails_in_a_pool, {1, 2, 5}); });
  ::setenv("BROOD_TEST_REPLAYED", "1", 1);
  const Rerun again = run_again(file);
  ::unsetenv("BROOD_TEST_REPLAYED");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_TRUE(contains(again.output, " returned 4 bytes: 03 00 00 00\n")) << again.output;
}

struct Dictionary {
  std::string language;
};
std::string initialized;
void initialize(const std::string& text) { initialized = text; }
int throws_what_it_has(Dictionary& dictionary, int number) {
  throw std::runtime_error(initialized + " " + dictionary.language + " " + std::to_string(number));
}

TEST_P(ReplayTest, runs_the_initializer_and_makes_the_state_first) {
  PoolOptions options;
  options.initializer = task(initialize, "ready");
  options.state = state<Dictionary>(std::string("German"));
  const std::string file =
      file_of([](const Pool& pool) { pool.map(throws_what_it_has, {6}); }, std::move(options));
  EXPECT_TRUE(contains(run_again(file).output, "threw std::runtime_error: ready German 6\n"));
  EXPECT_EQ(replay(file).str(), "threw std::runtime_error: ready German 6");
  EXPECT_THROW(this_worker::state<Dictionary>(), UsageError);
}

std::string own_draw(int) {
  auto stream = this_task::random(5);
  throw std::runtime_error(std::to_string(stream()) + " " + std::to_string(this_task::index()));
}

TEST_P(ReplayTest, the_element_knows_its_place_and_draws_the_same_numbers) {
  const std::string file = file_of([](const Pool& pool) {
    pool.map([](int x) { return x == 4 ? own_draw(x) : std::string(); }, std::vector{1, 2, 3, 4});
  });
  const Replay again = replay(file);
  EXPECT_EQ(again.index(), 3u);
  EXPECT_EQ(again.str(), "threw " + again.outcome_then());
}

TEST_P(ReplayTest, large_results_and_those_of_map_reduce_come_whole) {
  const auto big = [](int size) {
    if (::getenv("BROOD_TEST_REPLAYED") == nullptr) throw std::runtime_error("in a pool");
    return std::vector<double>(static_cast<std::size_t>(size), 0.5);
  };
  const std::string file = file_of([&](const Pool& pool) { pool.apply(big, 100'000); });
  ::setenv("BROOD_TEST_REPLAYED", "1", 1);
  EXPECT_EQ(replay(file).value<std::vector<double>>(), std::vector<double>(100'000, 0.5));
  ::unsetenv("BROOD_TEST_REPLAYED");
}

int puts(Queue<int>& queue, int number) {
  queue.put(number);
  throw std::runtime_error("behind it");
}

TEST_P(ReplayTest, of_shared_objects_is_refused_by_a_sentence) {
  Queue<int> queue;
  const std::string file = file_of([&](const Pool& pool) { pool.apply(puts, queue, 1); });
  const auto error = caught<UsageError>([&] { replay(file); });
  EXPECT_TRUE(contains(error.what(), "has shared objects")) << error.what();
  const Rerun again = run_again(file);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_TRUE(contains(again.output, "cannot be run again")) << again.output;
}

int always_fails(int value) { throw std::runtime_error(std::to_string(value)); }

TEST_P(ReplayTest, of_another_build_is_refused_by_a_sentence) {
  const std::string file = file_of([](const Pool& pool) { pool.apply(always_fails, 1); });
  const std::string bytes = bytes_of(file);
  wire::SavedElement element =
      wire::decode_saved(std::as_bytes(std::span(bytes.data(), bytes.size())));
  element.build[0] = static_cast<std::uint8_t>(element.build[0] + 1);
  const detail::Bytes other = wire::encode_saved(element);
  write_bytes(file, {reinterpret_cast<const char*>(other.data()), other.size()});
  const auto error = caught<CodecError>([&] { replay(file); });
  EXPECT_TRUE(contains(error.what(), "the program that has saved it is another build"))
      << error.what();
  EXPECT_EQ(run_again(file).exit_code, 2);
}

TEST_P(ReplayTest, of_a_damaged_file_is_refused_wherever_the_damage_is) {
  const std::string file = file_of([](const Pool& pool) { pool.apply(always_fails, 1); });
  const std::string whole = bytes_of(file);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_bytes(file, whole.substr(0, length));
    EXPECT_THROW(replay(file), CodecError) << length;
  }
  for (std::size_t position = 0; position < whole.size(); ++position) {
    std::string damaged = whole;
    damaged[position] = static_cast<char>(damaged[position] ^ (1 << (position % 8)));
    write_bytes(file, damaged);
    EXPECT_THROW(replay(file), CodecError) << position;
  }
  write_bytes(file, whole + 'x');
  EXPECT_THROW(replay(file), CodecError);
  write_bytes(file, whole);
  EXPECT_EQ(replay(file).str(), "threw std::runtime_error: 1");
}

class ReplayCommand : public PoolCheck {};

TEST_F(ReplayCommand, says_what_is_wrong_with_its_argument) {
  EXPECT_THROW(replay("/nonexistent"), SystemError);
  const Rerun missing = run_again("/nonexistent");
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_TRUE(contains(missing.output, "No such file")) << missing.output;
  Program without({"/proc/self/exe", "--brood-replay"});
  EXPECT_TRUE(contains(without.rest(), "usage: "));
  EXPECT_EQ(without.wait(), 2);
}

TEST_F(ReplayCommand, comes_after_an_element_that_failed_inline) {
  const FailedDirectory directory;
  const Pool pool({.start_method = "inline", .save_failed = directory.path()});
  EXPECT_THROW(pool.apply(always_fails, 9), std::runtime_error);
  ASSERT_EQ(directory.files().size(), 1u);
  EXPECT_EQ(replay(directory.files()[0]).str(), "threw std::runtime_error: 9");
}

}  // namespace
}  // namespace brood::testing::replay_test
