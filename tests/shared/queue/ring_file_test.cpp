#include "shared/ring_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "platform/file_io.hpp"
#include "platform/memory_file.hpp"

namespace brood::testing::ring_file_test {
namespace {

using shared::RingFile;

/// A ring file whose contents are known.
class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {}

  void write(std::size_t count) {
    std::vector<std::byte> bytes(count);
    for (std::size_t i = 0; i < count; i += sizeof(std::uint32_t)) {
      const auto four = static_cast<std::uint32_t>(random_());
      std::memcpy(bytes.data() + i, &four, std::min(sizeof four, count - i));
    }
    ring_file_.write(positions_, bytes);
    expected_.insert(expected_.end(), bytes.begin(), bytes.end());
  }
  /// Whether it reads what was written.
  bool read(std::size_t count) {
    ring_file_.refill(positions_);
    std::vector<std::byte> bytes(std::min(count, expected_.size()));
    EXPECT_TRUE(ring_file_.has(positions_, bytes.size()));
    EXPECT_TRUE(ring_file_.has(positions_, expected_.size()));
    ring_file_.read(positions_, bytes);
    const bool same = std::equal(bytes.begin(), bytes.end(), expected_.begin());
    expected_.erase(expected_.begin(), expected_.begin() + static_cast<long>(bytes.size()));
    if (expected_.empty() && random_() % 2 == 0) positions_ = {};
    ring_file_.give_back(positions_);
    return same;
  }
  /// Whether it would read so much more, once its file is so much larger, and nothing in it.
  bool believes(std::size_t more) const {
    EXPECT_EQ(
        ::ftruncate(file_.get(), static_cast<off_t>(platform::size_of_file(file_.get()) + more)),
        0);
    RingFile::Positions claimed = positions_;
    claimed.tail += more;
    return ring_file_.has(claimed, expected_.size() + more);
  }
  std::size_t size() const { return expected_.size(); }
  std::size_t held() const {  // bytes of memory
    struct stat status {};
    EXPECT_EQ(::fstat(file_.get(), &status), 0);
    return static_cast<std::size_t>(status.st_blocks) * 512;
  }
  /// Sizes of all magnitudes.
  std::size_t drawn(std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(
               0,
               std::size_t{1} << std::uniform_int_distribution<unsigned>(0, 20)(random_))(random_) %
           (most + 1);
  }

 private:
  std::mt19937 random_;
  std::vector<std::byte> ring_ = std::vector<std::byte>(RingFile::ring_size);
  platform::Descriptor file_ = platform::make_memory("ring file", 4096, platform::Growth::grows);
  RingFile::Extent extent_;
  RingFile ring_file_{ring_.data(), file_.get(), 4096, extent_};
  RingFile::Positions positions_;
  std::vector<std::byte> expected_;
};

TEST(RingFileTest, gives_what_was_written_wherever_it_lay) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    Model model(seed);
    const std::size_t level = std::size_t{1} << (seed % 20);  // how full it is kept
    for (int step = 0; step < 300; ++step) {
      model.write(model.drawn(2 * level));
      while (model.size() > level) ASSERT_TRUE(model.read(model.drawn(2 * level))) << seed;
    }
    while (model.size() > 0) ASSERT_TRUE(model.read(1000)) << seed;
  }
}

TEST(RingFileTest, uses_the_file_only_where_the_ring_is_full) {
  Model model(1);
  for (int i = 0; i < 1000; ++i) {
    model.write(RingFile::ring_size / 2);
    model.write(RingFile::ring_size / 2);
    ASSERT_TRUE(model.read(RingFile::ring_size));
  }
  EXPECT_LE(model.held(), 4096U);
  model.write(RingFile::ring_size + 100'000);
  EXPECT_GE(model.held(), 100'000U);
}

TEST(RingFileTest, gives_memory_back_also_when_it_is_never_empty) {
  constexpr std::size_t mib = std::size_t{1} << 20;
  Model model(2);
  model.write(2 * mib);
  for (int i = 0; i < 40; ++i) {
    model.write(mib);
    ASSERT_TRUE(model.read(mib));
  }
  EXPECT_LE(model.held(), 8 * mib);
  while (model.size() > 0) ASSERT_TRUE(model.read(mib));
  EXPECT_LE(model.held(), 5 * mib);
}

TEST(RingFileTest, has_not_what_is_a_hole_in_its_file) {
  constexpr std::size_t gib = std::size_t{1} << 30;
  Model model(3);
  EXPECT_FALSE(model.believes(gib));
  model.write(RingFile::ring_size + 1'000'000);
  EXPECT_FALSE(model.believes(gib));
  EXPECT_TRUE(model.read(RingFile::ring_size + 1'000'000));
}

}  // namespace
}  // namespace brood::testing::ring_file_test
