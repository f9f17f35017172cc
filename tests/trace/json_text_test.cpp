#include "trace/json_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace brood::trace::json_text_test {
namespace {

using namespace std::string_view_literals;

std::string json(std::string_view text) {
  std::string all;
  append_json(all, text);
  return all;
}

TEST(TraceJsonText, keeps_what_is_harmless) {
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("decode(Image const*) /~"), R"("decode(Image const*) /~")");
  EXPECT_EQ(json("解码 é 😀"), "\"解码 é 😀\"");
}

TEST(TraceJsonText, escapes_what_ends_a_string) {
  EXPECT_EQ(json(R"(say "no" \ yes)"), R"("say \"no\" \\ yes")");
  EXPECT_EQ(json("a\nb\tc\r\0d\x1b\x7f"sv), R"("a\nb\u0009c\u000d\u0000d\u001b\u007f")");
}

TEST(TraceJsonText, escapes_what_html_would_read) {
  EXPECT_EQ(json("</script><!--&amp;"), R"("\u003c/script\u003e\u003c!--\u0026amp;")");
}

TEST(TraceJsonText, replaces_each_byte_that_is_no_utf8) {
  EXPECT_EQ(json("\x80"), "\"\uFFFD\"");
  EXPECT_EQ(json("\xff\xfe"), "\"\uFFFD\uFFFD\"");
  EXPECT_EQ(json("a\xc3"), "\"a\uFFFD\"");          // ends in a character
  EXPECT_EQ(json("\xc0\xaf"), "\"\uFFFD\uFFFD\"");  // an overlong '/'
  EXPECT_EQ(json("\xe0\x80\xaf"), "\"\uFFFD\uFFFD\uFFFD\"");
  EXPECT_EQ(json("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");            // a surrogate
  EXPECT_EQ(json("\xf4\x90\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");  // beyond U+10FFFF
  EXPECT_EQ(json("\xf0\x80\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");
  EXPECT_EQ(json("\xe2\x82\"\xe2\x82\xac"), "\"\uFFFD\uFFFD\\\"€\"");  // a quote in a character
}

TEST(TraceJsonText, keeps_the_first_and_the_last_of_each_length) {
  for (const std::string_view text :
       {"\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"})
    EXPECT_EQ(json(text), '"' + std::string(text) + '"');
}

}  // namespace
}  // namespace brood::trace::json_text_test
