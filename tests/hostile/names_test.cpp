#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "transfer/shared_descriptor.hpp"

// Shared objects that come under the names of others.
namespace brood::testing::names_test {
namespace {

using detail::SharedDescriptor;
using Kind = SharedDescriptor::Kind;

platform::Descriptor memory() {
  return platform::Descriptor(::memfd_create("object", MFD_CLOEXEC));
}

class Names : public PoolCheck {};

TEST_F(Names, of_an_object_that_is_here_are_of_no_other) {
  const auto object = detail::share_descriptor(memory(), Kind::memory);
  EXPECT_EQ(detail::receive_descriptor(platform::Descriptor(::dup(object->get())), Kind::memory,
                                       object->token()),
            object);
  EXPECT_EQ(detail::find_descriptor(object->token()), object);
  const auto other = detail::receive_descriptor(memory(), Kind::memory, object->token());
  EXPECT_NE(other, object);
  // Which of them has the name by right is not known.
  EXPECT_EQ(detail::find_descriptor(object->token()), nullptr);
  EXPECT_EQ(detail::find_descriptor(object->token(), std::array{other}), other);
  EXPECT_EQ(detail::find_descriptor(object->token(), std::array{object}), object);
  EXPECT_NE(detail::receive_descriptor(platform::Descriptor(::dup(object->get())), Kind::stream,
                                       object->token()),
            object);
}

TEST_F(Names, of_two_objects_differ_in_what_is_sent_on) {
  const Value<int> right(42);
  detail::Bytes bytes;
  detail::encode_value(bytes, right);
  const auto object = bytes.attached().front();
  detail::Bytes others;
  detail::encode_value(others, Value<int>(666));
  // What a hostile worker answers with: its own object, under the name of one that it was given.
  const auto false_one = detail::receive_descriptor(
      platform::Descriptor(::dup(others.attached().front()->get())), Kind::memory, object->token());
  EXPECT_EQ(object->alias(), nullptr);
  const auto sent = false_one->alias();
  EXPECT_NE(sent->token(), object->token());
  EXPECT_EQ(detail::find_descriptor(sent->token()), sent);
  EXPECT_EQ(false_one->alias(), sent);
}

TEST_F(Names, of_what_found_no_room_here_stand_for_no_other_object) {
  const auto object = detail::share_descriptor(memory(), Kind::memory);
  const std::array<detail::DescriptorRef, 1> lost{nullptr};
  EXPECT_EQ(detail::find_descriptor(object->token(), lost), nullptr);
  EXPECT_EQ(detail::find_descriptor(object->token()), object);
}

TEST_F(Names, of_files_that_share_an_inode_are_told_apart) {
  const auto object =
      detail::share_descriptor(platform::Descriptor(::eventfd(0, EFD_CLOEXEC)), Kind::stream);
  EXPECT_EQ(detail::receive_descriptor(platform::Descriptor(::dup(object->get())), Kind::stream,
                                       object->token()),
            object);
  EXPECT_NE(detail::receive_descriptor(platform::Descriptor(::eventfd(0, EFD_CLOEXEC)),
                                       Kind::stream, object->token()),
            object);
}

TEST_F(Names, do_not_follow_from_another) {
  const auto one = detail::share_descriptor(memory(), Kind::memory);
  const auto other = detail::share_descriptor(memory(), Kind::memory);
  const std::uint64_t between = other->token().low - one->token().low;
  EXPECT_GT(std::min(between, ~between), 1'000'000U);
}

class HostileNames : public PoolTest {};
BROOD_FOR_EVERY_METHOD(HostileNames);

constexpr int workers = 3, wrong = -666;
using Numbers = Array<int>;
using Made = std::pair<int, Numbers>;  // by which process

/// Ends when each worker makes one.
Made makes(int value, const Barrier& all) {
  Numbers made(1);
  made[0] = value;
  all.wait_for(patience);
  return {::getpid(), made};
}
/// One by each worker.
std::vector<Made> made_by_all(Pool& pool, int first) {
  const Barrier all(workers);
  std::vector<AsyncResult<Made>> calls;
  for (int i = 0; i < workers; ++i) calls.push_back(pool.apply_async(makes, first + i, all));
  std::vector<Made> made;
  for (auto& call : calls) made.push_back(call.get());
  return made;
}

/// Objects of its own under the names that follow those of others.
std::pair<int, std::vector<Numbers>> squats(const std::vector<Made>& seen) {
  std::vector<Numbers> mine;
  for (const auto& [maker, array] : seen) {
    if (maker == ::getpid()) continue;
    detail::Bytes bytes;
    detail::encode_value(bytes, array);
    const SharedDescriptor::Token token = bytes.attached()[0]->token();
    for (std::uint64_t i = 1; i <= 50; ++i) {
      Numbers made(1);
      made[0] = wrong;
      detail::Bytes own;
      detail::encode_value(own, made);
      const_cast<SharedDescriptor::Token&>(own.attached()[0]->token()) = {token.high,
                                                                          token.low + i};
      mine.push_back(made);
    }
  }
  return {::getpid(), mine};
}

TEST_P(HostileNames, of_one_worker_do_not_reach_the_objects_of_another) {
  Pool pool = make_pool(workers);
  const auto [squatter, kept] = pool.apply(squats, made_by_all(pool, 1));
  EXPECT_FALSE(kept.empty());
  for (int round = 1; round <= 10; ++round) {
    const int first = round * workers;
    const std::vector<Made> made = made_by_all(pool, first);
    for (int i = 0; i < workers; ++i) {
      const auto& [maker, array] = made[static_cast<std::size_t>(i)];
      if (maker == squatter) continue;
      EXPECT_EQ(array[0], first + i);
    }
  }
}

using Number = Value<int>;
constexpr int right = 42;

const SharedDescriptor::Token& name_of(const Number& value) {
  detail::Bytes bytes;
  detail::encode_value(bytes, value);
  return bytes.attached()[0]->token();
}
void rename(const Number& value, SharedDescriptor::Token name) {
  const_cast<SharedDescriptor::Token&>(name_of(value)) = name;
}

/// Returns what it has made once the other one had the time to.
Number makes_and_shows(const Queue<Number>& shown, const Event& go) {
  Number made(right);
  shown.put(made);
  go.wait_for(patience);
  return made;
}
/// An object of its own under the name of one that it has seen.
Number makes_under_the_name_of(const Queue<Number>& shown) {
  const SharedDescriptor::Token name = name_of(*shown.get_for(patience));
  Number made(wrong);
  rename(made, name);
  return made;
}

TEST_P(HostileNames, that_come_first_do_not_keep_the_object_that_has_them_out) {
  Pool innocent = make_pool(1), hostile = make_pool(1);
  const Queue<Number> shown;
  const Event go;
  auto call = innocent.apply_async(makes_and_shows, shown, go);
  const Number squatter = hostile.apply(makes_under_the_name_of, shown);
  EXPECT_EQ(squatter.get(), wrong);
  go.set();
  const Number returned = call.get();
  EXPECT_EQ(returned.get(), right);
  EXPECT_EQ(innocent.apply([](const Number& value) { return value.get(); }, returned), right);
}

/// The squatter's is known to a worker before the owner sends it the right one.
int reads_both(const Queue<Number>& squatters, const Event& seen, const Event& go) {
  static std::vector<Number> kept;
  kept.push_back(*squatters.get_for(patience));
  seen.set();
  go.wait_for(patience);
  return kept.back().get();
}

TEST_P(HostileNames, that_a_worker_has_met_do_not_reach_its_arguments) {
  Pool innocent = make_pool(1), hostile = make_pool(1);
  const Queue<Number> shown, squatters;
  const Number mine(right);
  shown.put(mine);
  hostile.apply([](const Queue<Number>& from,
                   const Queue<Number>& to) { to.put(makes_under_the_name_of(from)); },
                shown, squatters);
  const Event seen, go;
  go.set();
  EXPECT_EQ(innocent.apply(reads_both, squatters, seen, go), wrong);
  EXPECT_EQ(innocent.apply([](const Number& value) { return value.get(); }, mine), right);
}

Number renames_its_own(const Number& given) {
  Number made(wrong);
  rename(made, name_of(given));
  return made;
}

/// The owner hands on what it has got back: a worker that meets both tells them apart.
TEST_P(HostileNames, that_a_worker_answers_with_do_not_reach_other_calls) {
  Pool innocent = make_pool(1), hostile = make_pool(1);
  const Number mine(right);
  const Number squatter = hostile.apply(renames_its_own, mine);
  EXPECT_EQ(squatter.get(), wrong);
  const auto read = [](const Number& value) { return value.get(); };
  EXPECT_EQ(innocent.map(read, std::vector<Number>{squatter, mine, squatter, mine}),
            (std::vector<int>{wrong, right, wrong, right}));
  auto one = innocent.apply_async(read, squatter), other = innocent.apply_async(read, mine);
  EXPECT_EQ(one.get(), wrong);
  EXPECT_EQ(other.get(), right);
}

}  // namespace
}  // namespace brood::testing::names_test
