#include "progress/text.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <string>

namespace brood::progress::text_test {
namespace {

TEST(ProgressText, is_one_line_without_anything_that_commands_a_terminal) {
  EXPECT_EQ(one_line("plain"), "plain");
  EXPECT_EQ(one_line("a\x1b[2Jb\r\n\tc\x07"), "a\\x1b[2Jb\\r  c\\x07");
  EXPECT_EQ(one_line("\xc2\x9b"
                     "2J"),
            "\\xc2\\x9b"
            "2J");
  EXPECT_EQ(one_line(std::string("a\0b", 3)), "a\\x00b");
}

TEST(ProgressText, does_not_turn_the_direction_of_what_follows) {
  EXPECT_EQ(one_line("a\u202eb\u2067c\u2028d\u200fe"), "a?b?c?d?e");
}

TEST(ProgressText, keeps_utf8_and_replaces_what_is_none) {
  EXPECT_EQ(one_line("Überprüfung 解码 🐣"), "Überprüfung 解码 🐣");
  EXPECT_EQ(one_line("\xe9t\xe9"), "?t?");
  EXPECT_EQ(one_line("cut \xe2\x82"), "cut ?\\x82");
}

TEST(ProgressText, is_measured_in_columns) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("abc"), 3U);
  EXPECT_EQ(columns_of("Übung"), 5U);
  EXPECT_EQ(columns_of("解码"), 4U);
  EXPECT_EQ(columns_of("🐣"), 2U);
  EXPECT_EQ(columns_of("e\u0301"), 1U);       // a combining accent
  EXPECT_EQ(columns_of("\u2764\ufe0f"), 2U);  // a heart that is asked to be a picture
}

TEST(ProgressText, is_shortened_to_columns_and_never_within_a_character) {
  EXPECT_EQ(shortened("decoding", 8), "decoding");
  EXPECT_EQ(shortened("decoding", 7), "decod..");
  EXPECT_EQ(shortened("解码文件", 7), "解码..");
  EXPECT_EQ(shortened("解码文件", 5), "解..");
  EXPECT_EQ(shortened("e\u0301e\u0301e\u0301e\u0301", 3), "e\u0301..");
  EXPECT_EQ(shortened("decoding", 1), ".");
  EXPECT_EQ(shortened("decoding", 0), "");
}

TEST(ProgressText, leaves_the_locale_of_the_program_alone) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  EXPECT_EQ(columns_of("Übung"), 5U);
  EXPECT_EQ(before, std::setlocale(LC_ALL, nullptr));
  EXPECT_EQ(::uselocale(locale_t{}), LC_GLOBAL_LOCALE);
}

}  // namespace
}  // namespace brood::progress::text_test
