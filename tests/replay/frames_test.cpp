#include "base/frame_filter.hpp"

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

// Stack traces of crashed workers tell of the user's functions.
namespace brood::testing::frames_test {
namespace {

class Frames : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Frames);

bool tells_of_the_library(const std::string& trace) {
  for (const char* const part :
       {"brood::detail::", "brood::worker::", "brood::pool::", "std::__invoke", "std::apply",
        "__libc_start", " _start", "libc.so"}) {
    if (contains(trace, part)) return true;
  }
  return false;
}

TEST_P(Frames, of_a_crash_are_the_users) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const Pool pool = make_pool(1);
  const auto lost = caught<WorkerLost>([&] { pool.apply(victims::segfaults, 1); });
  const std::string trace = lost.report().stack_trace();
  EXPECT_TRUE(trace.starts_with("#0 brood::victims::segfaults(int)")) << trace;
  EXPECT_FALSE(tells_of_the_library(trace)) << trace;
}

TEST_P(Frames, are_all_there_for_those_that_want_them) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const Pool pool = make_pool(1);
  const auto lost = caught<WorkerLost>([&] { pool.apply(victims::segfaults, 1); });
  const std::string all = lost.report().full_stack_trace();
  EXPECT_TRUE(contains(all, "brood::worker::")) << all;
  EXPECT_GT(all.size(), lost.report().stack_trace().size());
}

TEST(FrameFilter, knows_the_name_in_a_whole_signature) {
  using base::bare_name;
  EXPECT_EQ(bare_name("_start"), "_start");
  EXPECT_EQ(
      bare_name(
          "int std::__invoke_impl<int, int (*&)(int), int&>(std::__invoke_other, int (*&)(int))"),
      "std::__invoke_impl");
  EXPECT_EQ(bare_name("void brood::detail::run_map<int (*)(int), int, int>(brood::detail::Run&)"),
            "brood::detail::run_map");
  EXPECT_EQ(bare_name("decltype(auto) std::apply<int (*)(int)>(int (*&&)(int))"), "std::apply");
  EXPECT_EQ(bare_name("solve(int)"), "solve");
  EXPECT_EQ(bare_name("(anonymous namespace)::solve(int) const"), "(anonymous namespace)::solve");
  EXPECT_EQ(bare_name("std::function<int (int)>::operator()(int) const"),
            "std::function::operator()");
}

TEST(FrameFilter, leaves_the_users_functions_whatever_namespace_they_are_in) {
  const auto is_between = [](const char* name) { return base::is_between({name, {}, 0}); };
  EXPECT_TRUE(is_between("brood::worker::Session::serve()"));
  EXPECT_TRUE(is_between("int std::invoke<int (*&)(int), int&>(int (*&)(int), int&)"));
  EXPECT_TRUE(is_between("__libc_start_main"));
  EXPECT_TRUE(base::is_between({"run", "/home/me/brood/src/worker/worker.cpp", 96}));
  EXPECT_FALSE(base::is_between({"run", "/home/me/solver/run.cpp", 96}));
  EXPECT_FALSE(base::is_between({"run(int)", "/home/me/solver/src/worker/run.cpp", 96}));
  EXPECT_FALSE(is_between("main"));
  EXPECT_FALSE(is_between("brood_user::solve(int)"));
  EXPECT_FALSE(is_between("brood::victims::segfaults(int)"));
  EXPECT_FALSE(is_between("std::vector<int, std::allocator<int> >::at(unsigned long)"));
  EXPECT_FALSE(is_between("solve(brood::detail::Run&)"));
}

}  // namespace
}  // namespace brood::testing::frames_test
