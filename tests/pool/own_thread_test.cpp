#include "platform/own_thread.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"

namespace brood::testing::own_thread_test {
namespace {

TEST(OwnThread, that_cannot_be_started_is_a_system_error_and_leaves_signals_alone) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer's runtime cannot change its user";
  EXPECT_EQ(in_child([] {
              if (::getuid() == 0 && ::setuid(65531) != 0) return 1;
              const rlimit none{0, 0};
              if (::setrlimit(RLIMIT_NPROC, &none) != 0) return 2;
              try {
                platform::start_own_thread("brood-none", [] {}).join();
                return 3;
              } catch (const SystemError& error) {
                if (error.code().value() != EAGAIN) return 4;
              }
              sigset_t blocked;
              pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
              return sigisemptyset(&blocked) ? 0 : 5;
            }),
            0);
}

}  // namespace
}  // namespace brood::testing::own_thread_test
