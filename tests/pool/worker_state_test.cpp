#include <brood/state.hpp>

#include <memory>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::worker_state_test {
namespace {

class WorkerState : public PoolTest {
 protected:
  Pool with(Call state, int workers = 1) const {
    PoolOptions made = options(workers);
    made.state = std::move(state);
    return Pool(std::move(made));
  }
};
BROOD_FOR_EVERY_METHOD(WorkerState);

/// Neither copyable nor serializable.
class Dictionary {
 public:
  Dictionary(std::string language, std::vector<std::string> words)
      : language_(std::move(language)), words_(std::move(words)) {}
  Dictionary(const Dictionary&) = delete;
  std::string lookup(std::size_t number) {
    ++lookups;
    return language_ + ": " + words_.at(number);
  }
  int lookups = 0;

 private:
  std::string language_;
  std::vector<std::string> words_;
};

std::string lookup(std::size_t number) { return this_worker::state<Dictionary>().lookup(number); }
int lookups() { return this_worker::state<Dictionary>().lookups; }

TEST_P(WorkerState, is_made_of_its_arguments_and_kept_between_tasks) {
  Pool pool = with(state<Dictionary>("German", std::vector<std::string>{"eins", "zwei"}));
  EXPECT_EQ(pool.map(lookup, {1, 0, 1}),
            (std::vector<std::string>{"German: zwei", "German: eins", "German: zwei"}));
  EXPECT_EQ(pool.apply(lookups), 3);
}

TEST_P(WorkerState, is_the_first_parameter_of_a_function_that_asks_for_it) {
  Pool pool = with(state<Dictionary>("German", std::vector<std::string>{"eins", "zwei"}));
  const auto look_up = [](Dictionary& dictionary, std::size_t number) {
    return dictionary.lookup(number);
  };
  EXPECT_EQ(pool.map(look_up, {1, 0}), (std::vector<std::string>{"German: zwei", "German: eins"}));
  EXPECT_EQ(pool.apply(look_up, 1), "German: zwei");
  EXPECT_EQ(pool.apply([](Dictionary& dictionary) { return dictionary.lookups; }), 3);
  const auto both = [](Dictionary& dictionary, std::size_t one, std::size_t two) {
    return dictionary.lookup(one) + ", " + dictionary.lookup(two);
  };
  EXPECT_EQ(pool.starmap(both, std::vector{std::pair<std::size_t, std::size_t>(0, 1)}),
            std::vector<std::string>{"German: eins, German: zwei"});
  const auto changes = [](Dictionary&, std::string& text) { return text += "!"; };
  EXPECT_EQ(pool.apply(changes, "ja"), "ja!");
  const auto again = copied([factor = 2](Dictionary& dictionary, int times) {
    return dictionary.lookups + factor * times;
  });
  EXPECT_EQ(pool.apply(again, 10), 25);
  EXPECT_EQ(pool.apply(
                [](Dictionary& dictionary, int) mutable noexcept { return dictionary.lookups; }, 1),
            5);
}

TEST_P(WorkerState, is_none_for_a_function_that_changes_its_argument) {
  Pool pool = with(state<int>(5));
  EXPECT_EQ(pool.apply([](int& number) { return ++number; }, 1), 2);
  EXPECT_EQ(pool.apply([](int& number) { return ++number; }), 6) << "without an argument it is";
}

struct Settings {
  int depth;
  double limit;
};
TEST_P(WorkerState, may_be_an_aggregate_or_a_plain_value) {
  Pool pool = with(state<Settings>(3, 0.5));
  EXPECT_EQ(pool.apply([] { return this_worker::state<Settings>().limit; }), 0.5);
  Pool number = with(state<int>());
  EXPECT_EQ(number.apply([] { return ++this_worker::state<int>(); }), 1);
  EXPECT_EQ(number.apply([] { return ++this_worker::state<int>(); }), 2);
}

TEST_P(WorkerState, is_made_anew_in_the_worker_that_takes_the_place_of_another) {
  Pool pool = with(state<int>(5));
  EXPECT_EQ(pool.apply([] { return ++this_worker::state<int>(); }), 6);
  EXPECT_THROW(pool.apply(victims::raise_signal, SIGKILL), WorkerLost);
  EXPECT_EQ(pool.apply([] { return ++this_worker::state<int>(); }), 6);
}

std::string what_state_throws() {
  try {
    this_worker::state<int>();
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

TEST_P(WorkerState, of_another_type_or_of_none_is_a_usage_error) {
  EXPECT_EQ(make_pool(1).apply(what_state_throws),
            "brood::this_worker::state: the pool has no state: make it with PoolOptions::state = "
            "brood::state<int>(arguments...)");
  EXPECT_EQ(with(state<double>(1.0)).apply(what_state_throws),
            "brood::this_worker::state: the pool's state is a double, and no int");
  EXPECT_THROW(this_worker::state<int>(), UsageError);
}

struct Refused {
  explicit Refused(int) { throw std::domain_error("no such model"); }
};
TEST_P(WorkerState, that_cannot_be_made_is_what_a_failing_initializer_is) {
  Pool pool = with(state<Refused>(1));
  try {
    pool.apply(victims::aborts, 0);
    FAIL() << "it ran";
  } catch (const StartError& error) {
    EXPECT_EQ(error.stage(), "initializer");
    EXPECT_NE(std::string(error.what()).find("no such model"), std::string::npos) << error.what();
  }
}

int initialized_with = 0;
struct MadeAfterTheInitializer {
  int found = initialized_with;
};
TEST_P(WorkerState, is_made_behind_the_initializer) {
  PoolOptions made = options(1);
  made.initializer = [] { initialized_with = 7; };
  made.state = state<MadeAfterTheInitializer>();
  Pool pool(std::move(made));
  EXPECT_EQ(pool.apply([] { return this_worker::state<MadeAfterTheInitializer>().found; }), 7);
}

class Report {
 public:
  explicit Report(std::string path) : path_(std::move(path)) {}
  ~Report() { append_line(path_, "destroyed"); }

 private:
  std::string path_;
};
TEST_P(WorkerState, is_destroyed_when_its_worker_leaves_in_order) {
  const Scratch scratch;
  Pool pool = with(state<Report>(scratch.path("report")));
  pool.apply([] { this_worker::state<Report>(); });
  pool.close();
  pool.join();
  EXPECT_EQ(lines_of(scratch.path("report")), std::vector<std::string>{"destroyed"});
}

TEST_P(WorkerState, takes_shared_objects_as_arguments) {
  const Value<int> count(0);
  Pool pool = with(state<Value<int>>(count), 2);
  pool.for_each([](int) { this_worker::state<Value<int>>().update([](int n) { return n + 1; }); },
                std::vector<int>(50));
  EXPECT_EQ(count.get(), 50);
}

}  // namespace
}  // namespace brood::testing::worker_state_test
