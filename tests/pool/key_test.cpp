#include <csignal>
#include <map>
#include <set>
#include <string>
#include <thread>

#include <brood/this_worker.hpp>
#include "pool/pool_fixture.hpp"

namespace brood::testing::key_test {
namespace {

using namespace std::string_literals;

class Key : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Key);

std::string worker_here(const std::string&) { return this_worker::name(); }

TEST_P(Key, keeps_its_worker_in_every_verb) {
  Pool pool = make_pool(4);
  const std::vector<std::string> users = {"ada", "grace", "barbara", "frances", "jean"};
  std::map<std::string, std::set<std::string>> seen;
  for (int round = 0; round < 5; ++round) {
    for (const std::string& user : users) {
      const PoolCalls with_key = pool.with({.key = user});
      seen[user].insert(with_key.apply(worker_here, user));
      seen[user].insert(with_key.apply_async(worker_here, user).get());
      seen[user].insert(with_key.map(worker_here, {user})[0]);
    }
  }
  for (const std::string& user : users) EXPECT_EQ(seen[user].size(), 1u) << user;
}

int visits(int) {
  static int count = 0;
  return ++count;
}

TEST_P(Key, is_a_number_a_text_or_what_can_be_hashed) {
  Pool pool = make_pool(3);
  EXPECT_EQ(pool.with({.key = 7}).apply(visits, 0), 1);
  EXPECT_EQ(pool.with({.key = 7}).apply(visits, 0), 2);
  EXPECT_EQ(pool.with({.key = 7}).apply(visits, 0), 3);
  EXPECT_EQ(CallKey("text"s), CallKey("text"s));
  EXPECT_NE(CallKey("text"s), CallKey("texts"s));
  const std::thread::id self = std::this_thread::get_id();
  EXPECT_EQ(CallKey(self), CallKey(self));
}

TEST_P(Key, gets_another_worker_when_its_own_has_died) {
  Pool pool = make_pool(2);
  const PoolCalls mine = pool.with({.key = "user"s});
  const std::string before = mine.apply(worker_here, ""s);
  EXPECT_THROW(mine.apply([] { ::raise(SIGKILL); }), WorkerLost);
  const std::string after = mine.apply(worker_here, ""s);
  EXPECT_NE(after, before);
  EXPECT_EQ(mine.apply(worker_here, ""s), after);
}

}  // namespace
}  // namespace brood::testing::key_test
