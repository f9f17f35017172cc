#include <optional>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "shared/sharing/probes.hpp"

// Every kind of shared object, whichever way it goes, whichever process made it and uses it.
namespace brood::testing::matrix_test {
namespace {

template <class Probe>
std::optional<typename Probe::Handle>& kept() {
  static std::optional<typename Probe::Handle> handle;
  return handle;
}
template <class Probe>
void keep(const typename Probe::Handle& handle) {
  kept<Probe>() = handle;
}
template <class Probe>
void poke_kept() {
  Probe::poke(*kept<Probe>());
}
template <class Probe>
void poke_from_queue(const Queue<typename Probe::Handle>& queue) {
  Probe::poke(*queue.get());
}
template <class Probe>
void poke_from_connection(Connection connection) {
  Probe::poke(*connection.recv<typename Probe::Handle>());
}
template <class Probe>
void poke_in_map(const std::map<std::string, std::vector<typename Probe::Handle>>& handles) {
  Probe::poke(handles.at("here").front());
}

template <class Probe>
class Sharing : public PoolCheck {
 protected:
  /// For each start method, with a new object.
  template <class Body>
  void with_each_method(Body body) {
    for (const std::string& method : start_methods()) {
      SCOPED_TRACE(method);
      const typename Probe::Handle handle = Probe::make();
      body(method, handle);
      EXPECT_TRUE(Probe::seen(handle));
    }
  }
  void TearDown() override {
    kept<Probe>().reset();
    PoolCheck::TearDown();
  }
};

using Probes =
    ::testing::Types<LockProbe<Lock>, LockProbe<RLock>, SemaphoreProbe, BoundedSemaphoreProbe,
                     ConditionProbe, EventProbe, BarrierProbe, ValueProbe, AtomicProbe, ArrayProbe,
                     SliceProbe, SharedMemoryProbe, QueueProbe<Queue>, QueueProbe<SimpleQueue>,
                     QueueProbe<JoinableQueue>, ConnectionProbe, FileProbe>;
TYPED_TEST_SUITE(Sharing, Probes);

TYPED_TEST(Sharing, as_the_argument_of_a_task) {
  this->with_each_method([](const std::string& method, const auto& handle) {
    Pool({.workers = 1, .start_method = method}).apply(poke<TypeParam>, handle);
  });
}

TYPED_TEST(Sharing, as_an_element_of_a_map) {
  this->with_each_method([](const std::string& method, const auto& handle) {
    Pool({.workers = 2, .start_method = method}).for_each(poke<TypeParam>, std::vector{handle});
  });
}

TYPED_TEST(Sharing, bound_to_a_task) {
  this->with_each_method([](const std::string& method, const auto& handle) {
    Pool({.workers = 1, .start_method = method}).apply(task(poke<TypeParam>, handle));
  });
}

TYPED_TEST(Sharing, bound_to_an_initializer) {
  this->with_each_method([](const std::string& method, const auto& handle) {
    Pool pool({.workers = 1, .start_method = method, .initializer = task(keep<TypeParam>, handle)});
    pool.apply(poke_kept<TypeParam>);
  });
}

TYPED_TEST(Sharing, as_the_argument_of_a_process) {
  this->with_each_method([](const std::string& method, const auto& handle) {
    Process process({.start_method = method}, poke<TypeParam>, handle);
    process.start();
    process.join();
    EXPECT_EQ(process.exit_code(), 0);
  });
}

TYPED_TEST(Sharing, through_a_queue) {
  using Handle = typename TypeParam::Handle;
  this->with_each_method([](const std::string& method, const Handle& handle) {
    Queue<Handle> queue;
    queue.put(handle);
    Pool({.workers = 1, .start_method = method}).apply(poke_from_queue<TypeParam>, queue);
  });
}

TYPED_TEST(Sharing, through_a_connection) {
  this->with_each_method([](const std::string& method, const auto& handle) {
    auto [here, there] = pipe();
    here.send(handle);
    Pool({.workers = 1, .start_method = method}).apply(poke_from_connection<TypeParam>, there);
  });
}

TYPED_TEST(Sharing, deep_in_containers) {
  using Handle = typename TypeParam::Handle;
  this->with_each_method([](const std::string& method, const Handle& handle) {
    const std::map<std::string, std::vector<Handle>> handles{{"here", {handle, handle}}};
    Pool({.workers = 1, .start_method = method}).apply(poke_in_map<TypeParam>, handles);
  });
}

TYPED_TEST(Sharing, made_by_a_worker_of_one_method_and_used_by_one_of_another) {
  using Handle = typename TypeParam::Handle;
  for (const std::string& maker : start_methods()) {
    for (const std::string& user : start_methods()) {
      SCOPED_TRACE(maker + " " + user);
      std::optional<Pool> making(std::in_place, PoolOptions{.workers = 1, .start_method = maker});
      const Handle handle = making->apply(make_there<TypeParam>);
      making.reset();  // its maker is gone
      Pool({.workers = 1, .start_method = user}).apply(poke<TypeParam>, handle);
      EXPECT_TRUE(TypeParam::seen(handle));
    }
  }
}

TYPED_TEST(Sharing, with_a_process_that_was_forked_with_it) {
  using Handle = typename TypeParam::Handle;
  const Handle handle = TypeParam::make();
  Process process({.start_method = "fork"}, [&handle] { TypeParam::poke(handle); });
  process.start();
  process.join();
  EXPECT_TRUE(TypeParam::seen(handle));
}

}  // namespace
}  // namespace brood::testing::matrix_test
