#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include <brood/errors.hpp>
#include "stream.hpp"

namespace brood::protocol::random_stream_test {
namespace {

using Engine = std::mt19937_64;

/// A sound stream of `frames` frames, and what it says.
Stream random_stream(Engine& random, int frames, std::vector<Events::Outcome>& outcomes) {
  Stream stream;
  std::uint64_t sequence = 0;
  for (int i = 0; i < frames; ++i) {
    const std::uint64_t count = random() % 5 + 1;
    const auto tell = [&](bool failed, std::uint64_t number) {
      for (; number != 0; --number, ++sequence) outcomes.push_back({1, sequence, sequence, failed});
    };
    switch (random() % 6) {
      case 0:
        stream.failed(sequence);
        tell(true, 1);
        break;
      case 1:
        stream.skipped(sequence += count);
        break;
      case 2:
        stream.log("text");
        break;
      case 3:
        stream.texts(sequence, count);
        tell(false, count);
        break;
      case 4:
        stream.folded(sequence, count);
        tell(false, count);
        break;
      default:
        stream.results(sequence, count);
        tell(false, count);
    }
  }
  return stream;
}

TEST(RandomStream, is_told_once_however_it_is_cut) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Engine random(seed);
    std::vector<Events::Outcome> expected;
    const Stream stream = random_stream(random, 12, expected);
    ParentSide side(1 << 20, ParentSide::Stage::tasks);
    Events events;
    for (std::size_t read = 0; read < stream.size();) {
      const std::size_t part = std::min<std::size_t>(random() % 200, stream.size() - read);
      testing::feed(side.stream(), stream.view().subspan(read, part));
      read += part;
      side.parse(events);
    }
    ASSERT_EQ(events.outcomes, expected) << "seed " << seed;
  }
}

TEST(RandomStream, with_a_bit_flipped_is_an_error_or_tells_each_element_at_most_once) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Engine random(seed);
    std::vector<Events::Outcome> told;
    const Stream stream = random_stream(random, 6, told);
    std::vector<std::byte> bytes(stream.view().begin(), stream.view().end());
    bytes[random() % bytes.size()] ^= static_cast<std::byte>(1 << random() % 8);
    ParentSide side(1 << 20, ParentSide::Stage::tasks);
    Events events;
    try {
      testing::feed(side.stream(), bytes);
      side.parse(events);
    } catch (const Error&) {
    }
    for (std::size_t i = 1; i < std::min<std::size_t>(events.outcomes.size(), 1000); ++i)
      ASSERT_LT(events.outcomes[i - 1].sequence, events.outcomes[i].sequence) << "seed " << seed;
  }
}

}  // namespace
}  // namespace brood::protocol::random_stream_test
