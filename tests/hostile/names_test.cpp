#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
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
    const SharedDescriptor::Token token = bytes.carried()[0]->token();
    for (std::uint64_t i = 1; i <= 50; ++i) {
      Numbers made(1);
      made[0] = wrong;
      detail::Bytes own;
      detail::encode_value(own, made);
      const_cast<SharedDescriptor::Token&>(own.carried()[0]->token()) = {token.high, token.low + i};
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

}  // namespace
}  // namespace brood::testing
