#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <brood/connection.hpp>
#include <brood/queue.hpp>
#include <brood/received.hpp>

namespace brood::testing::received_test {
namespace {

TEST(ReceivedValue, of_an_empty_queue_becomes_an_empty_optional) {
  const Queue<int> queue;
  const std::optional<int> nothing = queue.try_get();
  EXPECT_FALSE(nothing.has_value());
  queue.put(5);
  const std::optional<int> five = queue.try_get();
  EXPECT_EQ(five, 5);
}

TEST(ReceivedValue, that_is_empty_becomes_an_empty_optional_where_one_is_made_of_it) {
  Received<std::string> empty;
  const Received<std::string> fixed;
  const std::optional<std::string> copied = empty, of_fixed = fixed, moved = std::move(empty);
  EXPECT_EQ(copied, std::nullopt);
  EXPECT_EQ(of_fixed, std::nullopt);
  EXPECT_EQ(moved, std::nullopt);
  const auto has_none = [](const std::optional<std::string>& value) { return !value; };
  EXPECT_TRUE(has_none(fixed));
}

TEST(ReceivedValue, of_bool_is_asked_for_its_presence_in_a_condition) {
  const Received<bool> received(false);
  EXPECT_TRUE(received ? true : false);
  EXPECT_FALSE(received.value());
  const std::optional<bool> value = received;
  EXPECT_EQ(value, false);
}

TEST(ReceivedValue, is_used_as_an_optional_is) {
  Received<std::string> received("text");
  EXPECT_EQ(received->size(), 4U);
  EXPECT_EQ(*received, "text");
  *received += 's';
  EXPECT_EQ(received.value(), "texts");
  EXPECT_EQ(received.value_or("none"), "texts");
  EXPECT_EQ(Received<std::string>().value_or("none"), "none");
  const std::string moved = *std::move(received);
  EXPECT_EQ(moved, "texts");
}

TEST(ReceivedValue, that_cannot_be_copied_is_moved_out) {
  Received<std::unique_ptr<int>> received(std::make_unique<int>(7));
  std::optional<std::unique_ptr<int>> kept = std::move(received);
  EXPECT_EQ(**kept, 7);
  const std::unique_ptr<int> value = Received<std::unique_ptr<int>>(std::move(kept));
  EXPECT_EQ(*value, 7);
}

TEST(ReceivedValue, that_is_empty_throws_wherever_it_is_used_as_a_value) {
  const Received<std::string> empty;
  EXPECT_THROW(static_cast<void>(empty.value()), EndOfStream);
  EXPECT_THROW(static_cast<void>(empty.get()), EndOfStream);
  EXPECT_THROW(static_cast<void>(*empty), EndOfStream);
  EXPECT_THROW(static_cast<void>(empty->size()), EndOfStream);
  EXPECT_THROW(static_cast<void>(static_cast<std::string>(empty)), EndOfStream);
  std::ostringstream stream;
  EXPECT_THROW(stream << empty, EndOfStream);
}

TEST(ReceivedValue, shifts_a_number_by_itself) {
  const Queue<int> queue;
  queue.put(3);
  const unsigned bits = 1;
  EXPECT_EQ(bits << queue.get(), 8U);
}

TEST(ReceivedValue, is_written_to_a_stream) {
  std::ostringstream stream;
  stream << Received<int>(5) << ' ' << Received<std::string>("text");
  EXPECT_EQ(stream.str(), "5 text");
}

TEST(ReceivedValue, compares_with_values_and_with_nothing) {
  const Received<int> five(5), empty;
  EXPECT_TRUE(five == 5 && 5 == five && five == 5L && five != 6);
  EXPECT_TRUE(five == std::optional(5) && five != std::nullopt && five != empty);
  EXPECT_TRUE(empty == std::nullopt && empty == std::optional<int>() && empty != 0);
  EXPECT_TRUE(empty == Received<int>());
  EXPECT_TRUE(Received<std::string>("x") == "x");
}

}  // namespace
}  // namespace brood::testing::received_test
