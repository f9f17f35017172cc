#include <gtest/gtest.h>

#include <climits>
#include <span>

#include <brood/errors.hpp>
#include "protocol/messages.hpp"
#include "wire/frame.hpp"

namespace brood::protocol::log_message_test {
namespace {

LogRecord sent_and_got(int level) {
  detail::Bytes bytes;
  encode_log(bytes, {level, "logger", "text"});
  return decode_log(bytes.view().subspan(sizeof(wire::FrameHeader)));
}

TEST(LogMessage, every_level_of_spdlogs_arrives) {
  for (int level = 0; level < static_cast<int>(log_levels); ++level)
    EXPECT_EQ(sent_and_got(level).level, level);
}

// It would be an index of a table.
TEST(LogMessage, a_level_that_there_is_not_is_an_error) {
  for (const int level : {-1, 7, 1000, 0x41414141, INT_MAX, INT_MIN})
    EXPECT_THROW(sent_and_got(level), CodecError) << level;
}

}  // namespace
}  // namespace brood::protocol::log_message_test
