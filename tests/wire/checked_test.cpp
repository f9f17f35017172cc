#include <gtest/gtest.h>

#include <cstdint>

#include <brood/errors.hpp>
#include "wire/checked.hpp"

namespace brood::wire::checked_test {
namespace {

enum class Colour : std::uint8_t { red, green, blue };

TEST(Checked, an_enumerator_is_one_of_those_that_there_are) {
  EXPECT_EQ(checked_enum(2, Colour::blue, "colour"), Colour::blue);
  EXPECT_EQ(checked_enum(std::uint64_t{0}, Colour::blue, "colour"), Colour::red);
  EXPECT_EQ(checked_enum(Colour::green, Colour::blue, "colour"), Colour::green);
  EXPECT_THROW(checked_enum(3, Colour::blue, "colour"), CodecError);
  EXPECT_THROW(checked_enum(static_cast<Colour>(255), Colour::blue, "colour"), CodecError);
}

// 256 and 258 have a colour in their last byte.
TEST(Checked, no_number_is_cut_before_it_is_checked) {
  EXPECT_THROW(checked_enum(256, Colour::blue, "colour"), CodecError);
  EXPECT_THROW(checked_enum(std::uint64_t{258}, Colour::blue, "colour"), CodecError);
  EXPECT_THROW(checked_enum(-1, Colour::blue, "colour"), CodecError);
  EXPECT_THROW(checked_index(std::uint64_t{1} << 32, 4, "row"), CodecError);
}

TEST(Checked, an_index_lies_in_its_table) {
  EXPECT_EQ(checked_index(3, 4, "row"), 3u);
  EXPECT_THROW(checked_index(4, 4, "row"), CodecError);
  EXPECT_THROW(checked_index(-1, 4, "row"), CodecError);
  EXPECT_THROW(checked_index(0, 0, "row"), CodecError);
}

TEST(Checked, a_truth_is_zero_or_one) {
  EXPECT_FALSE(checked_bool(0u, "truth"));
  EXPECT_TRUE(checked_bool(std::uint64_t{1}, "truth"));
  EXPECT_THROW(checked_bool(2u, "truth"), CodecError);
}

TEST(Checked, the_error_names_what_it_is_and_the_number) {
  try {
    checked_enum(77, Colour::blue, "colour");
    FAIL();
  } catch (const CodecError& error) {
    EXPECT_EQ(error.type(), "colour");
    EXPECT_NE(std::string(error.what()).find("77"), std::string::npos);
  }
}

}  // namespace
}  // namespace brood::wire::checked_test
