#include "base/log.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/log_catcher.hpp"

namespace brood::base::log_test {
namespace {

TEST(Log, leaves_stdout_to_the_programs) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  log_error("something is wrong");
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("brood: something is wrong"),
            std::string::npos);
}

TEST(Log, goes_to_the_logger_that_the_program_has_set_up) {
  ::testing::internal::CaptureStderr();
  {
    const brood::testing::LogCatcher catcher;
    log_error("something is wrong");
    EXPECT_EQ(catcher.records_with("something is wrong").size(), 1u);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace brood::base::log_test
