#include <linux/filter.h>
#include <sys/socket.h>

#include <optional>
#include <tuple>
#include <vector>

#include "sandbox/sandbox_fixture.hpp"
#include "shared/sharing/probes.hpp"

// Shared objects in a sandbox that allows them.
namespace brood::testing::shared_test {
namespace {

template <class Probe>
class SharingInASandbox : public PoolCheck {
 protected:
  void SetUp() override {
    PoolCheck::SetUp();
    if (under_sanitizer) GTEST_SKIP() << "the sanitizer's runtime makes calls of its own";
  }
  static Pool make_pool(const std::string& method) {
    return Pool(
        {.workers = 1, .start_method = method, .sandbox = Sandbox::compute.allow_shared_objects()});
  }
};

using Probes =
    ::testing::Types<LockProbe<Lock>, LockProbe<RLock>, SemaphoreProbe, BoundedSemaphoreProbe,
                     ConditionProbe, EventProbe, BarrierProbe, ValueProbe, AtomicProbe, ArrayProbe,
                     QueueProbe<Queue>, QueueProbe<SimpleQueue>, QueueProbe<JoinableQueue>,
                     ConnectionProbe>;
TYPED_TEST_SUITE(SharingInASandbox, Probes);

TYPED_TEST(SharingInASandbox, objects_are_arguments_and_results) {
  for (const std::string& method : start_methods()) {
    SCOPED_TRACE(method);
    const auto given = TypeParam::make();
    Pool pool = this->make_pool(method);
    pool.apply(poke<TypeParam>, given);
    EXPECT_TRUE(TypeParam::seen(given));
    const auto made = pool.apply(make_there<TypeParam>);
    pool.apply(poke<TypeParam>, made);
    EXPECT_TRUE(TypeParam::seen(made));
  }
}

class SharedObjects : public SandboxTest {};
BROOD_FOR_EVERY_METHOD(SharedObjects);

TEST_P(SharedObjects, are_refused_where_they_are_not_allowed) {
  Pool pool = make_pool();
  const auto error = caught<UsageError>([&] { pool.apply(poke<EventProbe>, Event()); });
  EXPECT_TRUE(contains(error.what(), "allow_shared_objects")) << error.what();
  EXPECT_THROW(pool.map(poke<EventProbe>, std::vector<Event>(2)), UsageError);
  EXPECT_THROW(pool.apply(task(poke<EventProbe>, Event())), UsageError);
  EXPECT_EQ(refused([&] { pool.apply(make_there<EventProbe>); }), "memfd_create");
}

TEST_P(SharedObjects, of_a_manager_are_never_given_to_a_sandbox) {
  const Manager manager;
  const auto dict = manager.dict<std::string, int>();
  const auto sets = [](const ManagedDict<std::string, int>& given) {
    given.set("a", 1);
    return 0;
  };
  Pool pool = make_pool(Sandbox::compute.allow_shared_objects());
  const auto error = caught<UsageError>([&] { pool.apply(sets, dict); });
  EXPECT_TRUE(contains(error.what(), "a proxy of a Manager's object")) << error.what();
  PoolOptions made = within(Sandbox::compute.allow_shared_objects());
  made.initializer = task(sets, dict);
  EXPECT_THROW(Pool(std::move(made)), UsageError);
}

std::optional<ManagedDict<std::string, int>> inherited;

TEST_P(SharedObjects, of_a_manager_are_not_inherited_either) {
  const Manager manager;
  inherited = manager.dict<std::string, int>();
  const auto sets = [](int x) {
    if (inherited) inherited->set("a", x);
    return inherited.has_value();
  };
  {
    Pool pool = make_pool(Sandbox::compute.allow_shared_objects());
    try {
      EXPECT_FALSE(pool.apply(sets, 1));
    } catch (const Error&) {  // under fork there is a handle, and it is of no use
    }
  }
  EXPECT_FALSE(inherited->contains("a"));
  inherited.reset();
}

TEST_P(SharedObjects, of_a_holder_that_was_refused_a_call_go_on) {
  Pool pool = make_pool(Sandbox::compute.allow_shared_objects());
  const Lock lock;
  const auto opens_while_it_holds = [](const Lock& held) {
    held.acquire();
    return std::fopen("/etc/passwd", "r") != nullptr;
  };
  EXPECT_EQ(refused([&] { pool.apply(opens_while_it_holds, lock); }), "openat");
  lock.acquire();
  EXPECT_TRUE(lock.owner_died());
  lock.release();
}

/// A socket of a queue or connection is also that of its other users.
TEST_P(SharedObjects, keep_their_sockets_as_they_are) {
  Pool pool = make_pool(Sandbox::compute.allow_shared_objects());
  const auto attaches_a_filter = [](int) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog filter{1, &nothing};
    return ::setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  };
  EXPECT_EQ(refused([&] { pool.apply(attaches_a_filter, 0); }), "setsockopt");
}

TEST_P(SharedObjects, of_large_size_are_made_there) {
  Pool pool = make_pool(Sandbox::compute.allow_shared_objects());
  const auto makes = [](std::size_t count) { return Array<double>(count); };
  EXPECT_EQ(pool.apply(makes, std::size_t{4} << 20).size(), std::size_t{4} << 20);
}

}  // namespace
}  // namespace brood::testing::shared_test
