#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/socket.hpp"
#include "pool/output/worker_output.hpp"
#include "protocol/messages.hpp"
#include "transfer/shared_descriptor.hpp"

// What an owner reads of a worker that the test plays: also of one that does not keep to the rules.
namespace brood::pool::testing::worker_output_test {
namespace {

using protocol::OutputMessage;
using Kind = OutputMessage::Kind;
constexpr std::uint32_t captured = protocol::RunHeader::captured;
constexpr std::uint32_t prefixed = protocol::RunHeader::prefixed;

class Owner : public ::testing::Test {
 protected:
  explicit Owner(bool has_sandbox = false)
      : output(WorkerOutput::make("worker-1", has_sandbox, reads, sockets)) {}

  int control() const { return sockets[0]->get(); }
  void write(std::string_view text, std::size_t stream = 0) const {
    const int to = fresh.empty() ? sockets[1 + stream]->get() : fresh[stream].get();
    ASSERT_EQ(::send(to, text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }
  void tell(Kind kind, std::uint32_t flags = captured, std::uint64_t sequence = 0) const {
    const OutputMessage message{kind, flags, sequence, sequence};
    ASSERT_EQ(::send(control(), &message, sizeof message, MSG_NOSIGNAL),
              std::ssize(bytes_of(message)));
  }
  static std::span<const std::byte> bytes_of(const OutputMessage& message) {
    return std::as_bytes(std::span(&message, 1));
  }
  /// As the thread that reads does.
  void serve() {
    output->serve(queue);
    output->answer(console);
  }
  /// Whether an answer has come; with its streams.
  bool is_answered() {
    std::array<std::byte, 8> buffer;
    auto answer = platform::receive_into(control(), buffer, platform::Waiting::no,
                                         platform::Taking::yes, "testing");
    if (!answer) return false;
    if (!answer->descriptors.empty()) fresh = std::move(answer->descriptors);
    return true;
  }
  /// Whether the owner has closed its end.
  bool is_closed() const {
    pollfd end{control(), POLLIN, 0};
    return ::poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
  }
  std::string taken(std::uint64_t sequence) {
    const detail::ElementOutput text = output->take(sequence);
    return text ? *text : "";
  }
  std::string last(std::uint64_t sequence) {
    const detail::ElementOutput text = output->last(sequence, queue);
    return text ? *text : "";
  }

  std::atomic<std::uint64_t> reads{0};
  std::vector<detail::DescriptorRef> sockets;
  std::vector<platform::Descriptor> fresh;
  std::shared_ptr<WorkerOutput> output;
  PrintQueue queue;
  Console console;
};

TEST_F(Owner, has_the_output_of_an_element_before_it_answers) {
  output->expect(5, 100);
  tell(Kind::begin, captured, 5);
  write("five");
  tell(Kind::ended, captured, 5);
  serve();
  EXPECT_FALSE(is_answered());  // that was the beginning
  serve();
  EXPECT_TRUE(is_answered());
  ASSERT_EQ(fresh.size(), 1u);
  write("six");
  tell(Kind::ended, captured, 6);
  serve();
  EXPECT_TRUE(is_answered());
  EXPECT_EQ(taken(5), "five");
  EXPECT_EQ(taken(6), "six");
  EXPECT_EQ(taken(6), "");
}

TEST_F(Owner, tells_the_worker_that_it_has_read_something) {
  tell(Kind::begin);
  serve();
  EXPECT_EQ(reads, 0U);
  write("text");
  serve();
  EXPECT_EQ(reads, 2U);
  serve();
  EXPECT_EQ(reads, 2U);
}

TEST_F(Owner, keeps_as_much_as_was_asked_for_each_element) {
  output->expect(0, 4);
  output->expect(1, 2);
  tell(Kind::begin);
  serve();
  for (std::uint64_t element = 0; element < 2; ++element) {
    write("abcdef");
    tell(Kind::ended, captured, element);
    serve();
    ASSERT_TRUE(is_answered());
  }
  EXPECT_EQ(taken(0), "cdef");
  EXPECT_EQ(taken(1), "ef");
}

TEST_F(Owner, drops_what_no_outcome_has_asked_for) {
  output->expect(0, 100);
  tell(Kind::begin);
  serve();
  for (std::uint64_t element = 0; element < 3; ++element) {
    write("text");
    tell(Kind::ended, captured, element);
    serve();
    ASSERT_TRUE(is_answered());
  }
  EXPECT_EQ(taken(2), "text");
  EXPECT_EQ(taken(1), "");
}

TEST_F(Owner, finds_what_a_dead_worker_has_left_in_its_sockets) {
  output->expect(3, 100);
  tell(Kind::begin, captured, 3);
  write("half a line");
  EXPECT_EQ(last(3), "half a line");
  EXPECT_EQ(last(4), "");
}

TEST_F(Owner, finds_the_output_of_an_element_whose_end_was_told_and_not_its_outcome) {
  output->expect(3, 100);
  tell(Kind::begin, captured, 3);
  serve();
  write("all");
  tell(Kind::ended, captured, 3);
  EXPECT_EQ(last(3), "all");
}

TEST_F(Owner, reads_on_what_outlives_its_element_and_keeps_it_apart) {
  tell(Kind::begin, prefixed, 1);
  serve();
  write("one\n");
  tell(Kind::ended);
  serve();
  ASSERT_TRUE(!is_answered());  // not printed yet
  queue.taken[0] = queue.text[0].size();
  queue.text[0].clear();
  PrintQueue printed;
  printed.text[0] = std::string(20, '\n');
  console.take(printed);
  console.give_up();
  serve();
  ASSERT_TRUE(is_answered());
  ASSERT_EQ(fresh.size(), 2u);
  const auto old = std::move(fresh);
  fresh.clear();
  write("late\n");  // into the first stream
  serve();
  EXPECT_EQ(queue.text[0], "[worker-1 #1] late\n");
}

TEST_F(Owner, closes_the_channel_of_a_worker_that_makes_no_sense) {
  ASSERT_EQ(::send(control(), "garbage", 7, MSG_NOSIGNAL), 7);
  serve();
  EXPECT_TRUE(is_closed());
  serve();
}

TEST_F(Owner, closes_the_channel_of_a_worker_that_does_not_wait_for_its_answer) {
  tell(Kind::begin);
  tell(Kind::ended);
  tell(Kind::ended);
  for (int i = 0; i < 3; ++i) output->serve(queue);
  EXPECT_TRUE(is_closed());
}

TEST_F(Owner, keeps_nothing_that_no_call_has_asked_for) {
  tell(Kind::begin);
  serve();
  write("unasked");
  tell(Kind::ended);
  serve();
  EXPECT_TRUE(is_answered());
  EXPECT_EQ(taken(0), "");
}

TEST_F(Owner, completes_a_line_at_the_end_of_the_worker) {
  tell(Kind::begin, prefixed, 2);
  write("half", 1);
  serve();
  EXPECT_EQ(queue.text[1], "");
  output->end(queue);
  EXPECT_EQ(queue.text[1], "[worker-1 #2] half\n");
  serve();
}

class OwnerOfSandbox : public Owner {
 protected:
  OwnerOfSandbox() : Owner(true) {}
};

TEST_F(OwnerOfSandbox, keeps_no_more_outputs_than_results_find_room) {
  output->expect(0, 100);
  tell(Kind::begin);
  serve();
  for (std::uint64_t element = 0; element < 8200; ++element) {
    write("x");
    tell(Kind::ended, captured, element);
    serve();
    ASSERT_TRUE(is_answered());
  }
  EXPECT_EQ(last(0), "");
}

TEST_F(OwnerOfSandbox, sends_no_streams) {
  output->expect(0, 100);
  tell(Kind::begin);
  serve();
  for (std::uint64_t element = 0; element < 3; ++element) {
    write("element " + std::to_string(element));
    tell(Kind::ended, captured, element);
    serve();
    ASSERT_TRUE(is_answered());
    ASSERT_TRUE(fresh.empty());
  }
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(taken(i), "element " + std::to_string(i));
}

}  // namespace
}  // namespace brood::pool::testing::worker_output_test
