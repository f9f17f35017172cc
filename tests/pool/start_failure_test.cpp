#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "platform/system_calls.hpp"
#include "pool/pool_fixture.hpp"
#include "start/entry.hpp"

// The system refuses the third of five workers.
namespace brood::testing::start_failure_test {
namespace {

int starts_left = 0;  // that succeed

void refuse_forks_after(int count) {
  static pid_t (*real)() = nullptr;
  real = platform::system_calls().fork;
  starts_left = count;
  platform::system_calls().fork = []() -> pid_t {
    return starts_left-- > 0 ? real() : (errno = EAGAIN, -1);
  };
}
void refuse_spawns_after(int count) {
  static decltype(platform::SystemCalls::posix_spawn) real = nullptr;
  real = platform::system_calls().posix_spawn;
  starts_left = count;
  platform::system_calls().posix_spawn = [](pid_t* pid, const char* program, const void* actions,
                                            const void* attributes, char* const* argv,
                                            char* const* envp) {
    return starts_left-- > 0 ? real(pid, program, actions, attributes, argv, envp) : EAGAIN;
  };
}

class StartFailure : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    working_ = platform::system_calls();
  }
  void TearDown() override {
    repair();
    PoolTest::TearDown();
  }
  /// What forks or executes this method's workers succeeds twice.
  void refuse_the_third_worker() {
    if (method() == "spawn") return refuse_spawns_after(2);
    if (method() == "fork")
      return refuse_forks_after(1 + 2);  // the snapshot, and in it the workers
    set_forkserver_preload({Call([] { refuse_forks_after(2); })});
  }
  void repair() {
    platform::system_calls() = working_;
    if (method() == "forkserver") set_forkserver_preload({});
  }

 private:
  platform::SystemCalls working_{};
};
BROOD_FOR_EVERY_METHOD(StartFailure);

TEST_P(StartFailure, of_the_third_worker_is_thrown_and_leaves_no_process) {
  const Belongings before = Belongings::now();
  refuse_the_third_worker();
  const auto error = caught<SystemError>([this] { make_pool(5); });
  EXPECT_EQ(error.code().value(), EAGAIN) << error.what();
  EXPECT_EQ(error.call(), method() == "spawn" ? "posix_spawn" : "fork");
  // The fork server is the process's, not the pool's.
  EXPECT_EQ(descendants_of(::getpid()).size(),
            before.children.size() + (method() == "forkserver" ? 1U : 0U));
  if (method() != "forkserver") {
    EXPECT_EQ(Belongings::now().descriptors, before.descriptors);
  }
  repair();
  Pool pool = make_pool(5);
  EXPECT_EQ(pool.apply(square, 5), 25);
}

// A replacement is another matter: the pool goes on with the workers it has.
TEST_P(StartFailure, because_the_system_refuses_something_is_a_start_error_for_the_tasks) {
  Pool pool = make_pool(1);
  const Watched worker(pool.apply(pid_here));
  platform::system_calls().memfd_create = [](const char*, unsigned) {
    errno = EMFILE;
    return -1;
  };
  worker.signal(SIGKILL);
  const auto error = caught<StartError>([&] {
    for (;;) {
      try {
        pool.apply(square, 1);
      } catch (const WorkerLost&) {  // it had the task when it died
      }
    }
  });
  EXPECT_TRUE(contains(error.what(), "memfd_create")) << error.what();
  EXPECT_EQ(error.stage(), "launch");
  repair();
  EXPECT_EQ(pool.apply(square, 3), 9);
}

std::atomic<int> pipes_to_refuse{0};

TEST_P(StartFailure, for_a_short_lack_at_a_replacement_ends_no_task) {
  static int (*real)(int, int, int, int*) = nullptr;
  real = platform::system_calls().socketpair;
  platform::system_calls().socketpair = [](int domain, int type, int protocol, int* ends) {
    return --pipes_to_refuse < 0 ? real(domain, type, protocol, ends) : (errno = EMFILE, -1);
  };
  PoolOptions made = options(1);
  made.max_tasks_per_worker = 1;
  Pool pool(made);
  EXPECT_EQ(pool.apply(square, 2), 4);
  pipes_to_refuse = 10;  // more than there are attempts
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 5; ++i) results.push_back(pool.apply_async(square, i));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
  EXPECT_LT(pipes_to_refuse, 0);
}

TEST_P(StartFailure, of_a_replacement_leaves_the_others_at_work) {
  refuse_the_third_worker();
  Pool pool = make_pool(2);
  EXPECT_THROW(pool.apply([] { ::_exit(3); }), WorkerLost);
  EXPECT_EQ(pool.map(square, std::vector<int>(100, 3)), std::vector<int>(100, 9));
}

struct WithoutPage : Launcher {
  std::string name() const override { return "forgetful"; }
  int launch(WorkerCommand command) override {
    const int page = start::worker_descriptors().input;
    std::erase_if(command.descriptors, [page](const auto& pair) { return pair.second == page; });
    return spawn(command);
  }
};

TEST(StartFailureOfALauncher, that_drops_the_shared_memory_is_told_in_the_greeting) {
  const auto error = caught<StartError>([] {
    Pool pool({.workers = 2, .start_method = std::make_shared<WithoutPage>()});
    pool.apply(square, 2);
  });
  EXPECT_EQ(error.stage(), "greeting");
  EXPECT_TRUE(contains(error.what(), "shares with its owner")) << error.what();
}

}  // namespace
}  // namespace brood::testing::start_failure_test
