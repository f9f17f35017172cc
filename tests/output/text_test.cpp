#include <gtest/gtest.h>

#include <string>

#include "pool/output/line_prefixer.hpp"
#include "pool/output/output_tail.hpp"

// What is made of the bytes that elements write.
namespace brood::pool::testing::text_test {
namespace {

TEST(LinePrefixer, puts_the_prefix_in_front_of_each_line_however_its_bytes_come) {
  const std::string text = "one\n\ntwo\nthree";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    LinePrefixer lines;
    std::string all;
    for (std::size_t i = 0; i < text.size(); i += size) lines.add(text.substr(i, size), "> ", all);
    EXPECT_EQ(all, "> one\n> \n> two\n");
    lines.finish("> ", all);
    EXPECT_EQ(all, "> one\n> \n> two\n> three\n");
    lines.finish("> ", all);
    EXPECT_TRUE(all.ends_with("> three\n") && !all.ends_with("> \n"));
  }
}

TEST(LinePrefixer, breaks_a_line_that_has_no_end) {
  LinePrefixer lines;
  std::string all;
  const std::string part(LinePrefixer::longest_line / 2, 'x');
  for (int i = 0; i < 5; ++i) lines.add(part, ">", all);
  EXPECT_EQ(all, (">" + part + part + "\n") + (">" + part + part + "\n"));
  lines.add("\n", ">", all);
  EXPECT_TRUE(all.ends_with("\n>" + part + "\n"));
  for (int i = 0; i < 2; ++i) lines.add(part, ">", all);
  lines.add("\n", ">", all);
  EXPECT_TRUE(all.ends_with("\n>" + part + part + "\n"));
}

TEST(LinePrefixer, keeps_a_line_of_just_the_greatest_length_in_one) {
  LinePrefixer lines;
  std::string all;
  const std::string line(LinePrefixer::longest_line, 'x');
  lines.add(line + "\ny\n", "", all);
  EXPECT_EQ(all, line + "\ny\n");
}

TEST(OutputTail, keeps_the_last_bytes_whatever_the_parts_they_come_in) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>('a' + i % 26);
  for (const std::size_t limit : {1u, 2u, 7u, 100u, 999u, 1000u, 5000u}) {
    for (const std::size_t size : {1u, 3u, 50u, 1000u}) {
      OutputTail tail;
      for (std::size_t i = 0; i < text.size(); i += size) tail.add(text.substr(i, size), limit);
      EXPECT_EQ(tail.take(limit), text.substr(text.size() - std::min(limit, text.size())));
      EXPECT_EQ(tail.take(limit), "");
    }
  }
}

}  // namespace
}  // namespace brood::pool::testing::text_test
