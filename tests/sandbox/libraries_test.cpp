#include <dlfcn.h>
#include <linked.hpp>

#include "sandbox/sandbox_fixture.hpp"

// Tasks in shared libraries: no file can be opened to find them.
namespace brood::testing::libraries_test {
namespace {

class LibrariesInASandbox : public SandboxTest {
 protected:
  void SetUp() override {
    SandboxTest::SetUp();
    library_ = ::dlopen(OPENED_LIBRARY, RTLD_NOW);
    quadruple_ = reinterpret_cast<int (*)(int)>(::dlsym(library_, "quadruple"));
    ASSERT_NE(quadruple_, nullptr) << ::dlerror();
  }
  void TearDown() override {
    if (library_ != nullptr) ::dlclose(library_);
    SandboxTest::TearDown();
  }
  void* library_ = nullptr;
  int (*quadruple_)(int) = nullptr;
};
BROOD_FOR_EVERY_METHOD(LibrariesInASandbox);

TEST_P(LibrariesInASandbox, one_that_is_linked_is_found) {
  Pool pool = make_pool();
  EXPECT_EQ(pool.apply(linked::triple, 5), 15);
  EXPECT_EQ(pool.map(linked::triple, {1, 2}), (std::vector{3, 6}));
}

TEST_P(LibrariesInASandbox, one_that_the_initializer_has_opened_is_found) {
  PoolOptions made = within(Sandbox::compute);
  made.initializer = [] { static_cast<void>(::dlopen(OPENED_LIBRARY, RTLD_NOW)); };
  Pool pool(std::move(made));
  EXPECT_EQ(pool.apply(quadruple_, 5), 20);
}

TEST_P(LibrariesInASandbox, one_that_is_not_open_is_an_error_of_each_element) {
  if (method() == "fork") GTEST_SKIP() << "the worker has it from its owner";
  Pool pool = make_pool();
  const auto outcomes = pool.try_map(quadruple_, {5, 6});
  for (const Outcome<int>& outcome : outcomes) {
    try {
      outcome.value();
      FAIL() << "it was loaded";
    } catch (const CodecError& error) {
      EXPECT_TRUE(contains(error.what(), "cannot be loaded in a sandbox")) << error.what();
    }
  }
  EXPECT_EQ(pool.apply(square, 3), 9);
}

}  // namespace
}  // namespace brood::testing::libraries_test
