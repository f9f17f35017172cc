#include "base/printable.hpp"

#include <gtest/gtest.h>

#include <string>

namespace brood::base::printable_test {
namespace {

TEST(Printable, leaves_text_newlines_and_tabs_alone) {
  for (const char* text :
       {"", "plain", "two\nlines\n", "a\tb", "\xc3\x9b \xe2\x82\xac \xf0\x9f\x90\xa3"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, escapes_what_a_terminal_takes_for_a_command) {
  EXPECT_EQ(printable("\x1b[2J\r\x07\x7f"), "\\x1b[2J\\r\\x07\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\x9b"
                      "2J"),
            "\\x9b"
            "2J");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\xc2\\x9b"
            "2J");
}

TEST(Printable, sees_through_bytes_that_are_no_utf8) {
  EXPECT_EQ(printable("\xe9t\xe9"), "\xe9t\xe9");                  // Latin-1
  EXPECT_EQ(printable("\xe0\x80\x9b"), "\xe0\\x80\\x9b");          // overlong
  EXPECT_EQ(printable("\xe2\x9b"), "\xe2\\x9b");                   // cut off
  EXPECT_EQ(printable("\xc0\x9b\xf8\x9b"), "\xc0\\x9b\xf8\\x9b");  // never valid
}

}  // namespace
}  // namespace brood::base::printable_test
