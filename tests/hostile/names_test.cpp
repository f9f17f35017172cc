#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "platform/shared_descriptor.hpp"
#include "pool/pool_fixture.hpp"

// Shared objects that come under the names of others.
namespace brood::testing {
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
  EXPECT_THROW(detail::receive_descriptor(memory(), Kind::memory, object->token()), CodecError);
  EXPECT_THROW(detail::receive_descriptor(platform::Descriptor(::dup(object->get())), Kind::stream,
                                          object->token()),
               CodecError);
}

TEST_F(Names, do_not_follow_from_another) {
  const auto one = detail::share_descriptor(memory(), Kind::memory);
  const auto other = detail::share_descriptor(memory(), Kind::memory);
  const std::uint64_t between = other->token().number - one->token().number;
  EXPECT_GT(std::min(between, ~between), 1'000'000U);
}

class HostileNames : public PoolTest {};
BROOD_FOR_EVERY_METHOD(HostileNames);

constexpr int wrong = -666;
using Numbers = Array<int>;
using Made = std::pair<int, Numbers>;  // by which process

Made makes(int value) {
  Numbers made(1);
  made[0] = value;
  std::this_thread::sleep_for(10ms);  // so that every worker makes some
  return {::getpid(), made};
}

/// Objects of its own under the names that follow those of others.
std::pair<int, std::vector<Numbers>> squats(const std::vector<Made>& seen) {
  std::vector<Numbers> mine;
  for (const auto& [maker, array] : seen) {
    if (maker == ::getpid()) continue;
    detail::Bytes bytes;
    detail::encode_value(bytes, array);
    const SharedDescriptor::Token token = bytes.carried()[0]->token();
    for (std::uint64_t i = 1; i <= 50; ++i) {
      Numbers made(1);
      made[0] = wrong;
      detail::Bytes own;
      detail::encode_value(own, made);
      const_cast<SharedDescriptor::Token&>(own.carried()[0]->token()) = {token.process,
                                                                         token.number + i};
      mine.push_back(made);
    }
  }
  return {::getpid(), mine};
}

TEST_P(HostileNames, of_one_worker_do_not_reach_the_objects_of_another) {
  Pool pool = make_pool(3);
  const auto seen = pool.with({.chunk = 1}).map(makes, std::vector<int>(6, 1));
  const auto [squatter, kept] = pool.apply(squats, seen);
  EXPECT_FALSE(kept.empty());
  std::vector<int> values(30);
  std::iota(values.begin(), values.end(), 2);
  const auto made = pool.with({.chunk = 1}).map(makes, values);
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i].first == squatter) continue;
    EXPECT_EQ(made[i].second[0], values[i]);
  }
}

}  // namespace
}  // namespace brood::testing
