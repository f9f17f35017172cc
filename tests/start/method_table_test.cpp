#include <functional>
#include <string>

#include <brood/errors.hpp>
#include <brood/start_method.hpp>
#include "start/start_fixture.hpp"

namespace brood::start::method_table_test {
namespace {

std::string usage_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(none)";
}

TEST(StartMethods, there_are_three_and_the_first_is_the_default) {
  EXPECT_EQ(start_methods(), (std::vector<std::string>{"forkserver", "fork", "spawn"}));
  EXPECT_EQ(get_start_method(), "forkserver");
  EXPECT_EQ(StartMethod().name(), "");
}

TEST(StartMethods, the_default_can_be_set) {
  set_start_method("spawn");
  EXPECT_EQ(get_start_method(), "spawn");
  EXPECT_EQ(open_method({})->name(), "spawn");
  set_start_method("forkserver");
}

TEST(StartMethods, an_unknown_name_is_a_usage_error_that_lists_the_known_ones) {
  const std::string expected =
      "unknown start method \"thread\"; known are \"forkserver\", \"fork\", \"spawn\", for a "
      "Pool \"inline\", or give an object of a class derived from brood::Launcher";
  EXPECT_EQ(usage_error([] { set_start_method("thread"); }), expected);
  EXPECT_EQ(usage_error([] { StartMethod method("thread"); }), expected);
  EXPECT_EQ(get_start_method(), "forkserver");
}

TEST(StartMethods, a_null_launcher_is_a_usage_error) {
  EXPECT_NE(usage_error([] { StartMethod method(std::shared_ptr<Launcher>{}); }), "(none)");
}

TEST(StartMethods, process_names_begin_as_in_python) {
  EXPECT_EQ(name_prefix("fork"), "Fork");
  EXPECT_EQ(name_prefix("forkserver"), "ForkServer");
  EXPECT_EQ(name_prefix("spawn"), "Spawn");
  EXPECT_EQ(name_prefix("nice"), "Nice");
}

}  // namespace
}  // namespace brood::start::method_table_test
