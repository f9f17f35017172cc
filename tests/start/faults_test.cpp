// The Nth use of each system call fails: what is thrown says so, and nothing is left behind.
#include <cerrno>
#include <tuple>

#include <brood/errors.hpp>
#include "platform/system_calls.hpp"
#include "start/start_fixture.hpp"

namespace brood::start {
namespace {

using platform::SystemCalls;

SystemCalls working;
int countdown = 0;  // the use that fails
int error_to_give = 0;
bool failed = false;

bool is_due() { return --countdown == 0 && (failed = true); }

/// Replaces one entry by a function that fails when its time has come.
template <auto Member>
struct Failing;
template <class R, class... A, R (*SystemCalls::*Member)(A...)>
struct Failing<Member> {
  static R call(A... arguments) {
    if (!is_due()) return (working.*Member)(arguments...);
    errno = error_to_give;
    if constexpr (std::is_pointer_v<R>) {
      return reinterpret_cast<R>(-1);
    } else {
      return -1;
    }
  }
  static void install() { platform::system_calls().*Member = call; }
};
int failing_spawn(pid_t* pid, const char* program, const void* actions, const void* attributes,
                  char* const* argv, char* const* envp) {
  return is_due() ? error_to_give
                  : working.posix_spawn(pid, program, actions, attributes, argv, envp);
}

struct Fault {
  const char* call;
  void (*install)();
  int error;
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.call; }

constexpr Fault faults[] = {
    {"pipe2", Failing<&SystemCalls::pipe2>::install, EMFILE},
    {"fcntl", Failing<&SystemCalls::fcntl_int>::install, EMFILE},
    {"poll", Failing<&SystemCalls::poll>::install, ENOMEM},
    {"socketpair", Failing<&SystemCalls::socketpair>::install, EMFILE},
    {"sendmsg", Failing<&SystemCalls::sendmsg>::install, ENOBUFS},
    {"recvmsg", Failing<&SystemCalls::recvmsg>::install, ENOMEM},
    {"memfd_create", Failing<&SystemCalls::memfd_create>::install, EMFILE},
    {"mmap", Failing<&SystemCalls::mmap>::install, ENOMEM},
    {"pidfd_open", Failing<&SystemCalls::pidfd_open>::install, EMFILE},
    {"fork", Failing<&SystemCalls::fork>::install, EAGAIN},
    {"posix_spawn", [] { platform::system_calls().posix_spawn = failing_spawn; }, EAGAIN},
};

void harmless_hook() {}

class Faults : public StartTest,
               public ::testing::WithParamInterface<std::tuple<std::string, Fault>> {
 protected:
  void SetUp() override {
    set_forkserver_preload({harmless_hook});
    StartTest::SetUp();
    working = platform::system_calls();
  }
  void TearDown() override {
    platform::system_calls() = working;
    set_forkserver_preload({});
    StartTest::TearDown();
  }
};
INSTANTIATE_TEST_SUITE_P(EveryMethod, Faults,
                         ::testing::Combine(::testing::Values("fork", "forkserver", "spawn",
                                                              "plain"),
                                            ::testing::ValuesIn(faults)),
                         [](const auto& parameter) {
                           return std::get<0>(parameter.param) + "_" +
                                  std::get<1>(parameter.param).call;
                         });

/// Two workers, from the opening of the method to its end. The text of what was thrown.
std::string use(const std::string& name) {
  try {
    const auto method = open_method(method_called(name));
    TestWorker first = start_worker(*method), second = start_worker(*method);
    finish(*method, first);
    finish(*method, second);
  } catch (const Error& error) {
    return error.what();
  }
  drop_forkserver();
  return {};
}

TEST_P(Faults, TheNthUseOfACallFailsAndNothingIsLeftBehind) {
  const auto& [method, fault] = GetParam();
  const auto before = brood::testing::Belongings::now();
  error_to_give = fault.error;
  int nth = 0;
  do {
    ASSERT_LT(++nth, 100);
    failed = false;
    countdown = nth;
    fault.install();
    const std::string text = use(method);
    platform::system_calls() = working;
    drop_forkserver();
    ASSERT_EQ(brood::testing::Belongings::now().descriptors, before.descriptors)
        << "use " << nth << ": " << text;
    ASSERT_EQ(brood::testing::Belongings::now().children, before.children)
        << "use " << nth << ": " << text;
  } while (failed);
  EXPECT_EQ(use(method), "");
}

}  // namespace
}  // namespace brood::start
