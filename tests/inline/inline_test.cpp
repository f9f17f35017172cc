#include <atomic>
#include <filesystem>
#include <numeric>
#include <thread>

#include "pool/infinite_input.hpp"
#include "pool/pool_fixture.hpp"
#include "support/events.hpp"

// Start method "inline": the surface of a pool, in the threads of its callers.
namespace brood::testing::inline_test {
namespace {

class Inline : public PoolCheck {};

PoolOptions inline_pool() { return {.start_method = "inline"}; }

std::vector<int> numbers(int count) {
  std::vector<int> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), 0);
  return made;
}
int add(int a, int b) { return a + b; }
std::string twice(const std::string& text) { return text + text; }
int fails_at_seven(int value) {
  if (value == 7) throw std::invalid_argument("seven");
  return -value;
}
std::uint64_t thread_here(int) { return std::hash<std::thread::id>()(std::this_thread::get_id()); }

std::vector<int> seen;  // by tasks: they are in this process
int notes(int value) {
  seen.push_back(value);
  return value;
}
void notes_only(int value) { seen.push_back(value); }

TEST_F(Inline, every_verb_gives_what_it_gives_elsewhere) {
  const Pool pool(inline_pool());
  const std::vector<int> input = numbers(1000);
  std::vector<int> squares(input);
  for (int& value : squares) value *= value;
  EXPECT_EQ(pool.apply(square, 12), 144);
  EXPECT_EQ(pool.apply_async(square, 12).get(), 144);
  EXPECT_EQ(pool.map(square, input), squares);
  EXPECT_EQ(pool.with({.chunk = 7}).map(square, input), squares);
  EXPECT_EQ(pool.map_async(square, input).get(), squares);
  EXPECT_EQ(pool.starmap(add, std::vector<std::tuple<int, int>>{{1, 2}, {3, 4}}),
            (std::vector{3, 7}));
  std::vector<int> streamed;
  for (const int value : pool.imap(square, input)) streamed.push_back(value);
  EXPECT_EQ(streamed, squares);
  streamed.clear();
  for (const int value : pool.imap_unordered(square, input)) streamed.push_back(value);
  EXPECT_EQ(streamed, squares);
  EXPECT_EQ(pool.map_reduce(square, numbers(10), std::plus<int>(), 0), 285);
  std::vector<int> into(input.size());
  pool.map_into(square, input, into);
  EXPECT_EQ(into, squares);
  EXPECT_EQ(pool.map(twice, {std::string("a"), std::string("bc")}),
            (std::vector<std::string>{"aa", "bcbc"}));
  seen.clear();
  pool.for_each(notes_only, input);
  EXPECT_EQ(seen, input);
}

TEST_F(Inline, tasks_run_in_the_calling_thread_and_in_order) {
  const Pool pool(inline_pool());
  seen.clear();
  pool.map(notes, numbers(500));
  EXPECT_EQ(seen, numbers(500));
  const std::vector<std::uint64_t> threads = pool.map(thread_here, numbers(50));
  EXPECT_EQ(std::count(threads.begin(), threads.end(), thread_here(0)), 50);
  EXPECT_EQ(pool.apply(pid_here), ::getpid());
}

TEST_F(Inline, a_call_that_nothing_waits_for_has_run_when_it_was_submitted) {
  const Pool pool(inline_pool());
  seen.clear();
  const AsyncResult<int> one = pool.apply_async(notes, 1);
  EXPECT_TRUE(one.ready());
  AsyncResult<std::vector<int>> more = pool.map_async(notes, std::vector{2, 3});
  EXPECT_TRUE(more.ready());
  EXPECT_FALSE(more.cancel());
  EXPECT_EQ(seen, (std::vector{1, 2, 3}));
}

TEST_F(Inline, arguments_and_results_are_copies) {
  const Pool pool(inline_pool());
  const std::string text(100, 'x');
  const auto address = [](const std::string& argument) {
    return reinterpret_cast<std::uintptr_t>(&argument[0]);
  };
  EXPECT_NE(pool.apply(address, text), reinterpret_cast<std::uintptr_t>(&text[0]));
  std::vector<std::string> many(30'000, std::string(100, 'y'));  // more than the ring holds
  EXPECT_EQ(pool.map(twice, many).at(29'999), std::string(200, 'y'));
  const std::vector<double> large(1'000'000, 1.5);  // decoded while it arrives
  EXPECT_EQ(pool.apply([](std::vector<double> all) { return all; }, large), large);
  const std::vector<std::string> texts(20'000, std::string(300, 'z'));
  EXPECT_EQ(pool.apply([](std::vector<std::string> all) { return all; }, texts), texts);
}

TEST_F(Inline, errors_are_those_of_any_other_pool) {
  const Pool pool(inline_pool());
  EXPECT_THROW(pool.map(fails_at_seven, numbers(20)), std::invalid_argument);
  const std::vector<Outcome<int>> outcomes = pool.try_map(fails_at_seven, numbers(20));
  for (const Outcome<int>& outcome : outcomes)
    EXPECT_EQ(outcome.kind(), outcome.index() == 7 ? OutcomeKind::exception : OutcomeKind::value);
  const std::optional<Origin> place = origin(outcomes[7].error());
  ASSERT_TRUE(place);
  EXPECT_EQ(place->index, 7u);
  EXPECT_EQ(place->pid, ::getpid());
  EXPECT_TRUE(place->worker.starts_with("InlinePoolWorker-")) << place->worker;
  std::vector<OutcomeKind> kinds;
  for (const Outcome<int>& outcome : pool.try_imap(fails_at_seven, std::vector{6, 7, 8}))
    kinds.push_back(outcome.kind());
  EXPECT_EQ(kinds, (std::vector{OutcomeKind::value, OutcomeKind::exception, OutcomeKind::value}));
}

TEST_F(Inline, the_first_error_keeps_the_rest_from_running) {
  const Pool pool(inline_pool());
  seen.clear();
  const auto fails = [](int value) {
    seen.push_back(value);
    if (value == 1) throw std::runtime_error("one");
    return value;
  };
  EXPECT_THROW(pool.with({.chunk = 1}).map(fails, numbers(5000)), std::runtime_error);
  EXPECT_LT(seen.size(), 5000u);
  seen.clear();
  EXPECT_THROW(pool.with({.on_error = OnError::finish}).map(fails, numbers(500)),
               std::runtime_error);
  EXPECT_EQ(seen.size(), 500u);
}

TEST_F(Inline, exceptions_are_tried_again) {
  const Pool pool(inline_pool());
  const auto at_third = [](int) {
    if (this_task::attempt() < 3) throw std::runtime_error("again");
    return this_task::attempt();
  };
  EXPECT_EQ(pool.with({.exception_retries = 5}).map(at_third, numbers(3)), (std::vector{3, 3, 3}));
  EXPECT_EQ(pool.with({.exception_retries = 5, .retry_delay = 1ms}).apply(at_third, 0), 3);
}

TEST_F(Inline, no_time_limit_ends_a_task) {
  const Pool pool(inline_pool());
  const auto takes_longer = [](int x) {
    std::this_thread::sleep_for(20ms);
    return x;
  };
  EXPECT_EQ(pool.with({.timeout = 1ms}).apply(takes_longer, 4), 4);
}

int* initialized = nullptr;
void initialize(int value) { initialized = new int(value); }
struct Model {
  int factor;
  explicit Model(int by) : factor(by) {}
  ~Model() { seen.push_back(-1); }
};

TEST_F(Inline, initializer_and_state_are_made_once_and_gone_with_the_pool) {
  seen.clear();
  {
    Pool pool(
        {.start_method = "inline", .initializer = task(initialize, 5), .state = state<Model>(3)});
    EXPECT_EQ(pool.map([](Model& model, int x) { return model.factor * x; }, {1, 2}),
              (std::vector{3, 6}));
    ASSERT_NE(initialized, nullptr);
    EXPECT_EQ(*initialized, 5);
    EXPECT_EQ(pool.apply([] { return this_worker::slot(); }), 0);
    pool.apply([] { at_worker_exit([] { seen.push_back(-2); }); });
    EXPECT_TRUE(seen.empty());
    pool.close();
    pool.join();
    EXPECT_EQ(seen, (std::vector{-2, -1}));
    EXPECT_THROW(pool.apply(square, 1), PoolClosed);
  }
  delete std::exchange(initialized, nullptr);
  EXPECT_THROW(this_worker::slot(), UsageError);
}

TEST_F(Inline, an_initializer_that_throws_fails_the_calls_with_its_message) {
  const Pool pool({.start_method = "inline",
                   .initializer = task([] { throw std::runtime_error("no model"); })});
  const auto error = caught<StartError>([&] { pool.map(square, {1, 2}); });
  EXPECT_TRUE(contains(error.what(), "no model")) << error.what();
}

const Pool* own = nullptr;

int uses_its_own_pool(int depth) {
  if (depth == 0) return 0;
  const std::size_t index = this_task::index();
  const std::vector<int> below = own->map(uses_its_own_pool, std::vector{depth - 1, depth - 1});
  EXPECT_EQ(this_task::index(), index);
  return 1 + std::accumulate(below.begin(), below.end(), 0);
}

TEST_F(Inline, a_task_may_use_its_own_pool) {
  const Pool pool({.start_method = "inline", .state = state<Model>(4)});
  own = &pool;
  EXPECT_EQ(pool.apply(uses_its_own_pool, 4), 15);
  EXPECT_EQ(pool.map(uses_its_own_pool, {1, 2}), (std::vector{1, 3}));
  const auto factor_below = [] {
    return own->apply([](Model& model) { return model.factor; }) + this_worker::slot();
  };
  EXPECT_EQ(pool.apply(factor_below), 4);
}

TEST_F(Inline, an_element_that_waits_for_what_stands_behind_it_is_told) {
  const Pool pool(inline_pool());
  static ImapRange<int>* stream = nullptr;
  auto made = pool.with({.chunk = 1, .window = 2})
                  .imap(
                      [](int) {
                        EXPECT_THROW(static_cast<void>(*stream->begin()), UsageError);
                        return 1;
                      },
                      std::vector{1});
  stream = &made;
  EXPECT_EQ(*made.begin(), 1);
}

TEST_F(Inline, callbacks_may_wait_for_other_calls_of_the_pool) {
  const Pool pool(inline_pool());
  std::atomic<int> sum = 0;
  {
    AsyncResult<int> second = pool.apply_async(square, 3);
    AsyncResult<int> first = pool.apply_async(square, 2);
    first.on_success(
        [&](const int& value) { sum += value + second.get() + pool.apply(square, 5); });
    for (const auto end = std::chrono::steady_clock::now() + 20s;
         sum == 0 && std::chrono::steady_clock::now() < end;)
      std::this_thread::yield();
  }
  EXPECT_EQ(sum, 4 + 9 + 25);
}

TEST_F(Inline, results_can_be_waited_for_in_every_way) {
  const Pool pool(inline_pool());
  std::vector<AsyncResult<int>> results;
  for (const int value : {1, 2, 3}) results.push_back(pool.apply_async(square, value));
  EXPECT_LT(wait_any(results), 3u);
  int sum = 0;
  for (AsyncResult<int>& result : as_completed(results)) sum += result.get();
  EXPECT_EQ(sum, 14);
}

TEST_F(Inline, progress_is_told_between_elements) {
  const Pool pool(inline_pool());
  std::vector<std::size_t> told;
  const auto progress = [&](std::size_t done, std::size_t) { told.push_back(done); };
  pool.with({.chunk = 10, .progress = progress}).map(square, numbers(10'000));
  EXPECT_EQ(told.back(), 10'000u);
  EXPECT_LT(told.front(), 10'000u);
}

TEST_F(Inline, a_trace_and_statistics_are_had_here_too) {
  const Scratch scratch;
  const std::string file = scratch.path("run.json");
  PoolOptions options;
  options.start_method = "inline";
  options.trace = file;
  options.statistics = true;
  {
    Pool pool(options);
    pool.map(square, {1, 2, 3});
    EXPECT_EQ(pool.statistics().elements, 3u);
    EXPECT_EQ(pool.statistics().encoding.count(), 3u);
  }
  EXPECT_GT(std::filesystem::file_size(file), 100u);
}

int puts(Queue<int>& queue, Value<int>& value, int number) {
  queue.put(number);
  value.update([](int& now) { ++now; });
  return number;
}
Queue<int> gives_a_queue(int number) {
  Queue<int> made;
  made.put(number);
  return made;
}

TEST_F(Inline, shared_objects_are_arguments_and_results) {
  const Pool pool(inline_pool());
  Queue<int> queue;
  Value<int> value(1);
  EXPECT_EQ(pool.apply(puts, queue, value, 5), 5);
  EXPECT_EQ(pool.map(task(puts, queue, value), {6, 7}), (std::vector{6, 7}));
  for (const int number : {5, 6, 7}) EXPECT_EQ(*queue.get(), number);
  EXPECT_EQ(value.get(), 4);
  std::vector<Queue<int>> made = pool.map(gives_a_queue, {8, 9});
  EXPECT_EQ(*made.at(0).get() + *made.at(1).get(), 17);
}

TEST_F(Inline, an_endless_input_is_taken_as_it_is_asked_for) {
  const Pool pool(inline_pool());
  InfiniteInput endless;
  int sum = 0;
  for (const int value : pool.with({.window = 16}).imap(square, endless)) {
    sum += value;
    if (sum > 1000) break;
  }
  EXPECT_LT(endless.taken(), 100);
}

TEST_F(Inline, what_cannot_travel_fails_here_too) {
  const Pool pool({.start_method = "inline", .max_message_size = 10'000});
  EXPECT_THROW(pool.apply(twice, std::string(20'000, 'x')), CodecError);
  EXPECT_THROW(pool.apply(twice, std::string(9'900, 'x')), CodecError);  // its result
  EXPECT_EQ(pool.apply(twice, std::string(10, 'x')), std::string(20, 'x'));
}

TEST_F(Inline, has_one_worker_which_is_this_process) {
  const Pool pool(
      {.workers = 8, .start_method = "inline", .limits = {.open_files = 16}, .nice = 5});
  pool.map(square, {1, 2});
  const std::vector<WorkerInfo> workers = pool.workers();
  ASSERT_EQ(workers.size(), 1u);
  EXPECT_EQ(workers[0].pid, ::getpid());
  EXPECT_TRUE(children_of(std::to_string(::getpid())).empty());
}

TEST_F(Inline, a_sandbox_is_refused) {
  const auto error = caught<UsageError>(
      [] { Pool pool({.start_method = "inline", .sandbox = Sandbox::compute}); });
  EXPECT_TRUE(contains(error.what(), "sandbox")) << error.what();
}

TEST_F(Inline, an_unobserved_error_is_reported) {
  std::atomic<int> reported = 0;
  {
    Pool pool(
        {.start_method = "inline", .on_unobserved_error = [&](std::exception_ptr) { ++reported; }});
    pool.apply_async(fails_at_seven, 7);
    pool.close();
    pool.join();
  }
  EXPECT_EQ(reported, 1);
}

TEST_F(Inline, is_for_pools_alone) {
  EXPECT_THROW(set_start_method("inline"), UsageError);
  const std::vector<std::string> names = start_methods();
  EXPECT_EQ(std::count(names.begin(), names.end(), "inline"), 0);
  EXPECT_THROW(
      {
        Process process({.start_method = "inline"}, square, 3);
        process.start();
      },
      UsageError);
}

}  // namespace
}  // namespace brood::testing::inline_test
