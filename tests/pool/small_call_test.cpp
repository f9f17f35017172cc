#include "pool/calls/small_call.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pool/calls/call_run.hpp"
#include "pool/calls/left_calls.hpp"

// What a waiting call takes, and which calls share the rest.
namespace brood::pool::small_call_test {
namespace {

std::shared_ptr<const detail::Definition> definition() {
  return std::make_shared<const detail::Definition>();
}
std::shared_ptr<const detail::CallTerms> terms(int priority = 0) {
  detail::CallTerms made;
  made.priority = priority;
  return std::make_shared<const detail::CallTerms>(std::move(made));
}

const std::shared_ptr<const detail::Definition> usual = definition();

detail::JobSpec call(const std::string& argument) {
  detail::JobSpec made;
  made.definition = usual;
  made.terms = terms();
  made.results = {.stride = 4};
  made.elements.payload.owned().append(argument.data(), argument.size());
  made.elements.count = 1;
  return made;
}

CallRun run_of(const std::vector<std::string>& arguments) {
  CallRun run(call(arguments.front()));
  for (std::size_t i = 1; i < arguments.size(); ++i) EXPECT_TRUE(run.take(call(arguments[i])));
  EXPECT_EQ(run.count(), arguments.size());
  return run;
}

std::string bytes_of(CallRun& run) {
  const auto bytes = run.spec().elements.payload.view();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::string record_of(const std::string& argument) {
  const std::uint64_t length = argument.size();
  std::string record(sizeof length, '\0');
  std::memcpy(record.data(), &length, sizeof length);
  return record + argument;
}

// With the counts of its shared_ptr, and malloc's word, this fills a block of 240 bytes. What is
// more costs each waiting call 16: src/pool/README.md has the table.
TEST(SmallCall, has_little_beside_the_place_for_its_result) {
  if (sizeof(void*) != 8) GTEST_SKIP() << "words of another size";
  EXPECT_LE(sizeof(SmallCall), 208U);
}

TEST(SmallCall, is_one_element_with_a_small_argument) {
  EXPECT_TRUE(SmallCall::fits(call("")));
  EXPECT_TRUE(SmallCall::fits(call(std::string(4096, 'x'))));
  EXPECT_FALSE(SmallCall::fits(call(std::string(4097, 'x'))));
  detail::JobSpec map = call("x");
  map.kind = detail::JobKind::map;
  EXPECT_FALSE(SmallCall::fits(map));
  detail::JobSpec borrows = call("");
  borrows.elements.payload.borrow(std::as_bytes(std::span("memory")));
  EXPECT_FALSE(SmallCall::fits(borrows));
}

TEST(CallRun, of_one_call_has_its_argument_as_it_came) {
  CallRun run = run_of({"abc"});
  EXPECT_EQ(bytes_of(run), "abc");
  EXPECT_EQ(run.spec().elements.stride, 0U);
  EXPECT_TRUE(run.spec().elements.ends.empty());
}

TEST(CallRun, of_one_size_has_arguments_without_lengths) {
  CallRun run = run_of({"abc", "def", "ghi"});
  EXPECT_EQ(bytes_of(run), "abcdefghi");
  EXPECT_EQ(run.spec().elements.stride, 3U);
  EXPECT_FALSE(run.take(call("of another size")));
  EXPECT_EQ(bytes_of(run), "abcdefghi");
}

TEST(CallRun, of_several_sizes_has_each_with_its_length) {
  CallRun run = run_of({"abc", "", "d", "d"});
  EXPECT_EQ(bytes_of(run), record_of("abc") + record_of("") + record_of("d") + record_of("d"));
  EXPECT_EQ(run.spec().elements.stride, 0U);
  EXPECT_EQ(run.spec().elements.ends, (std::vector<std::size_t>{11, 19, 28, 37}));
}

TEST(CallRun, without_arguments_has_lengths) {
  CallRun run = run_of({"", ""});
  EXPECT_EQ(bytes_of(run), record_of("") + record_of(""));
  EXPECT_EQ(run.spec().elements.ends, (std::vector<std::size_t>{8, 16}));
}

TEST(CallRun, takes_what_is_like_it_alone) {
  CallRun run = run_of({"abc", "def"});
  detail::JobSpec other = call("ghi");
  other.definition = definition();
  EXPECT_FALSE(run.take(other));
  other = call("ghi");
  other.results.stride = 8;
  EXPECT_FALSE(run.take(other));
  other = call("ghi");
  other.terms = terms(1);
  EXPECT_FALSE(run.take(other));
  other.terms = terms();  // not the same, but alike
  EXPECT_TRUE(run.take(other));
  EXPECT_EQ(run.count(), 3U);
}

// Its memory stays until the last of its calls has ended.
TEST(CallRun, has_an_end) {
  const detail::JobSpec next = call(std::string(4000, 'x'));
  CallRun run(call(std::string(4000, 'x')));
  while (run.take(next)) ASSERT_LT(run.count(), 1000U);
  EXPECT_GT(run.count(), 60U);
  EXPECT_LT(run.spec().elements.payload.size(), 300'000U);
  CallRun tiny(call("x"));
  while (tiny.take(call("x"))) ASSERT_LT(tiny.count(), 100'000U);
  EXPECT_GT(tiny.count(), 60'000U);
}

TEST(LeftCalls, are_taken_in_their_order_and_alike_ones_together) {
  no_other_thread_knows();
  LeftCalls left;
  std::vector<std::shared_ptr<AwaitedCall>> calls;
  const auto leave_small = [&](detail::JobSpec&& spec) {
    auto small = std::make_shared<SmallCall>(std::weak_ptr<PoolForCalls>());
    calls.push_back(small);
    left.add(std::move(small), std::move(spec));
  };
  leave_small(call("a"));
  leave_small(call("b"));
  auto own = std::make_shared<CallState>(std::weak_ptr<PoolForCalls>(), call("c"));
  calls.push_back(own);
  left.add(std::move(own));
  leave_small(call("d"));
  std::vector<AwaitedCall*> visited;
  left.for_each([&](AwaitedCall& each) { visited.push_back(&each); });
  EXPECT_EQ(visited.size(), 4U);

  struct Taken {
    std::vector<std::shared_ptr<AwaitedCall>> calls;
    std::vector<std::size_t> runs;
    void operator()(const std::shared_ptr<CallState>& one) { calls.push_back(one); }
    void operator()(CallRun&& run, std::span<std::shared_ptr<SmallCall>> some) {
      EXPECT_EQ(run.count(), some.size());
      runs.push_back(some.size());
      for (auto& one : some) calls.push_back(std::move(one));
    }
  } taken;
  left.take_each(std::ref(taken));
  EXPECT_EQ(taken.calls, calls);
  EXPECT_EQ(taken.runs, (std::vector<std::size_t>{2, 1}));
  EXPECT_TRUE(left.empty());
}

}  // namespace
}  // namespace brood::pool::small_call_test
