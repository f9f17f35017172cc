#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

#include <brood/errors.hpp>
#include "stream.hpp"

// What a worker writes that was taken over by its input: frames that each make sense, and numbers
// that do not fit to what the owner knows.
namespace brood::protocol::hostile_stream_test {
namespace {

using Stage = ParentSide::Stage;

class HostileStream : public ::testing::Test {
 protected:
  /// Whether the frames are refused, at this point of a worker's life.
  static bool refused(const detail::Bytes& bytes, Events& events, Stage stage = Stage::tasks) {
    ParentSide side(1 << 20, stage);
    testing::feed(side.stream(), bytes.view());
    try {
      side.parse(events);
    } catch (const CodecError&) {
      return true;
    }
    return false;
  }
  static bool refused(const detail::Bytes& bytes, Stage stage = Stage::tasks) {
    Events events;
    return refused(bytes, events, stage);
  }
  /// Results with this header, and `size` bytes behind it.
  static detail::Bytes results(const ResultsHeader& header, std::size_t size) {
    detail::Bytes bytes;
    append_message(bytes, Type::results, header, std::vector<std::byte>(size));
    return bytes;
  }
  static detail::Bytes frames(std::initializer_list<Type> types) {
    detail::Bytes bytes;
    for (const Type type : types) {
      if (type == Type::greeting) {
        append_message(bytes, type, GreetingHeader{});
      } else if (type == Type::skipped) {
        append_message(bytes, type, SkippedHeader{});
      } else if (type == Type::log) {
        encode_log(bytes, {1, "test", "text"});
      } else {
        append_message(bytes, type);
      }
    }
    return bytes;
  }
  static constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

// They were delivered whole, 8 MiB behind the end of what they were copied to.
TEST_F(HostileStream, a_fold_is_one_record_and_no_more) {
  Events events;
  EXPECT_TRUE(refused(results({1, 0, 0, 1, 0, 8, 1}, 8 << 10), events));  // of a fixed size
  EXPECT_TRUE(refused(results({1, 0, 0, 1, 0, detail::variable_stride, 1}, 8 << 10), events));
  EXPECT_TRUE(refused(results({1, 0, 0, 1, 0, detail::variable_stride, 1}, 0), events));
  EXPECT_TRUE(events.outcomes.empty());
  EXPECT_FALSE(refused(results({1, 0, 0, 4, 0, detail::variable_stride, 1}, 8)));
}

TEST_F(HostileStream, a_frame_holds_its_results_and_nothing_else) {
  EXPECT_FALSE(refused(results({1, 0, 0, 2, 0, 8, 0}, 16)));
  EXPECT_TRUE(refused(results({1, 0, 0, 2, 0, 8, 0}, 17)));
  EXPECT_TRUE(refused(results({1, 0, 0, 2, 0, 8, 0}, 15)));
  EXPECT_TRUE(refused(results({1, 0, 0, 2, 0, 8, 0}, 8 << 10)));
  EXPECT_TRUE(refused(results({1, 0, 0, 2, 0, detail::variable_stride, 0}, 24)));
}

TEST_F(HostileStream, a_result_has_bytes) {
  EXPECT_TRUE(refused(results({1, 0, 0, 1, 0, 0, 0}, 0)));
  EXPECT_TRUE(refused(results({1, 0, 0, most, 0, 0, 0}, 0)));
}

TEST_F(HostileStream, a_range_of_elements_ends_before_the_last_number) {
  constexpr std::uint32_t variable = detail::variable_stride;
  EXPECT_TRUE(refused(results({1, most, 0, 2, 0, variable, 1}, 8)));
  detail::Bytes bytes = results({1, 0, 0, 2, 0, 8, 0}, 16);
  const detail::Bytes more = results({1, 2, 2, most - 1, 0, variable, 1}, 8);
  bytes.append(more.data(), more.size());
  EXPECT_TRUE(refused(bytes));
}

TEST_F(HostileStream, a_truth_is_zero_or_one) {
  EXPECT_TRUE(refused(results({1, 0, 0, 1, 0, 8, 2}, 8)));
  detail::Bytes failed;
  append_message(failed, Type::failed, FailedHeader{1, 0, 0, 5, 7});
  EXPECT_TRUE(refused(failed));
}

TEST_F(HostileStream, a_start_has_one_order) {
  using enum Type;
  EXPECT_FALSE(refused(frames({greeting, log, ready, log}), Stage::greeting));
  EXPECT_FALSE(refused(frames({greeting, start_failed, log}), Stage::greeting));
  for (const auto& wrong :
       {frames({ready}), frames({start_failed}), frames({log}), frames({greeting, greeting}),
        frames({greeting, ready, ready}), frames({greeting, ready, greeting}),
        frames({greeting, ready, start_failed}), frames({greeting, start_failed, ready}),
        frames({greeting, start_failed, start_failed})})
    EXPECT_TRUE(refused(wrong, Stage::greeting));
}

TEST_F(HostileStream, a_worker_that_is_not_ready_tells_nothing_of_tasks) {
  using enum Type;
  for (const Stage stage : {Stage::greeting, Stage::initializing, Stage::failed}) {
    for (const Type type : {results, failed, skipped, attached, exhausted, times})
      EXPECT_TRUE(refused(frames({type}), stage)) << static_cast<int>(type);
    EXPECT_TRUE(refused(Stream().results(0, 1).bytes(), stage));
    ParentSide side(1 << 20, stage);
    Events events;
    EXPECT_THROW(side.open_frame(Stream().open(0, 3, 8).filling(), events), CodecError);
    EXPECT_TRUE(events.outcomes.empty());
  }
}

TEST_F(HostileStream, messages_of_a_known_size_have_it) {
  const std::byte more{};
  for (const Type type : {Type::ready, Type::attached, Type::exhausted}) {
    detail::Bytes bytes;
    append_message(bytes, type, std::span(&more, 1));
    EXPECT_TRUE(refused(bytes, type == Type::ready ? Stage::initializing : Stage::tasks));
  }
  detail::Bytes skipped;
  append_message(skipped, Type::skipped, SkippedHeader{}, std::span(&more, 1));
  EXPECT_TRUE(refused(skipped));
}

detail::Bytes times_of(const std::vector<ElementTimes>& rows, std::size_t size) {
  detail::Bytes bytes;
  append_message(bytes, Type::times, std::as_bytes(std::span(rows)).first(size));
  return bytes;
}
detail::Bytes times_of(const std::vector<ElementTimes>& rows) {
  return times_of(rows, rows.size() * sizeof(ElementTimes));
}

TEST_F(HostileStream, times_are_whole_and_in_their_order) {
  const ElementTimes first{3, 10, 11, 12, 13}, second{4, 13, 13, 13, 13};
  Events events;
  EXPECT_FALSE(refused(times_of({first, second}), events));
  ASSERT_EQ(events.timed.size(), 2u);
  EXPECT_EQ(events.timed[1].sequence, 4u);
  EXPECT_TRUE(refused(times_of({first, second}, sizeof first + 8)));
  EXPECT_TRUE(refused(times_of({})));
  EXPECT_TRUE(refused(times_of({second, first})));
  EXPECT_TRUE(refused(times_of({first, first})));
  std::vector<ElementTimes> many;
  for (std::uint64_t i = 0; i <= most_times; ++i) many.push_back({i, 1, 2, 3, 4});
  EXPECT_TRUE(refused(times_of(many)));
  many.pop_back();
  EXPECT_FALSE(refused(times_of(many)));
  for (const ElementTimes& back :
       {ElementTimes{3, 2, 1, 3, 4}, ElementTimes{3, 1, 3, 2, 4}, ElementTimes{3, 1, 2, 4, 3},
        ElementTimes{~std::uint64_t{0}, 1, 2, 3, 4}})
    EXPECT_TRUE(refused(times_of({back})));
  detail::Bytes twice = times_of({first});
  const detail::Bytes again = times_of({first});
  twice.append(again.data(), again.size());
  EXPECT_TRUE(refused(twice));
}

TEST_F(HostileStream, a_worker_is_exhausted_once) {
  EXPECT_FALSE(refused(frames({Type::exhausted})));
  EXPECT_TRUE(refused(frames({Type::exhausted, Type::exhausted})));
}

TEST_F(HostileStream, a_fence_is_what_is_waited_for_or_nothing) {
  class Deaf final : public ParentEvents {
   public:
    void on_greeting(const GreetingHeader&) override {}
    void on_ready() override {}
    void on_start_failed(std::span<const std::byte>) override {}
    void on_sandbox_failed(std::string_view) override {}
    void on_results(const ResultsHeader&, std::span<const std::byte>) override {}
    void on_failed(const FailedHeader&, std::span<const std::byte>) override {}
    void on_skipped(std::uint64_t) override {
      throw CodecError(CodecError::Direction::decode, "fence", "none");
    }
    void on_attached() override {}
    void on_times(std::span<const ElementTimes>) override {}
    void on_exhausted() override {}
    void on_log(const LogRecord&) override {}
  } deaf;
  ParentSide side(1 << 20, Stage::tasks);
  testing::feed(side.stream(), Stream().skipped(7).view());
  EXPECT_THROW(side.parse(deaf), CodecError);
  EXPECT_EQ(side.resolved(), 0u);
}

TEST_F(HostileStream, a_fence_does_not_lie_before_what_is_told) {
  EXPECT_TRUE(refused(Stream().results(0, 3).skipped(2).bytes()));
}

TEST_F(HostileStream, an_open_frame_is_one_of_results) {
  const auto read = [](const std::function<void(std::byte*)>& change) {
    Stream stream;
    stream.open(0, 3, 8);
    detail::Bytes bytes(stream.view());
    change(bytes.data());
    ParentSide side(1 << 20, Stage::tasks);
    Events events;
    side.open_frame(bytes.view(), events);
    return events.outcomes.size();
  };
  const auto put = [](std::size_t at, auto value) {
    return [at, value](std::byte* bytes) { std::memcpy(bytes + at, &value, sizeof value); };
  };
  constexpr std::size_t header = sizeof(wire::FrameHeader);
  EXPECT_EQ(read([](std::byte*) {}), 3u);
  EXPECT_THROW(read(put(offsetof(wire::FrameHeader, magic), 1u)), CodecError);
  EXPECT_THROW(read(put(offsetof(wire::FrameHeader, type), std::uint16_t{36})), CodecError);
  EXPECT_THROW(read(put(header + offsetof(ResultsHeader, folded), 1u)), CodecError);
  EXPECT_THROW(read(put(header + offsetof(ResultsHeader, stride), 0u)), CodecError);
  EXPECT_THROW(read(put(header + offsetof(ResultsHeader, sequence), most)), CodecError);
  EXPECT_THROW(read(put(header + offsetof(ResultsHeader, first), most)), CodecError);
  // How many there are follows from the bytes.
  EXPECT_EQ(read(put(header + offsetof(ResultsHeader, count), most)), 3u);
}

}  // namespace
}  // namespace brood::protocol::hostile_stream_test
