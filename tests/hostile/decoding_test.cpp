#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pool/pool_fixture.hpp"

// Workers whose results are bytes as no encoder writes them. Each call ends in a CodecError, and
// the owner and its other calls go on.
namespace brood::testing::decoding_test {
namespace {

class Decoding : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Decoding);

/// Is encoded as the bytes that it was given, and decoded as a T.
template <class T>
struct Forged {
  T value{};
  std::vector<char> bytes;

  Forged() = default;
  template <class... Parts>
  static Forged of(const Parts&... parts) {
    Forged forged;
    (forged.add(&parts, sizeof parts), ...);
    return forged;
  }
  void add(const void* data, std::size_t count) {
    const auto* const first = static_cast<const char*>(data);
    bytes.insert(bytes.end(), first, first + count);
  }
  template <class Archive>
  void save(Archive& archive) const {
    archive(cereal::binary_data(bytes.data(), bytes.size()));
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(value);
  }
};

constexpr std::uint32_t new_object = 0x8000'0000;
int square(int x) { return x * x; }

template <class F>
std::string refused(Pool& pool, F task) {
  const auto error = caught<CodecError>([&] { pool.apply(task); });
  EXPECT_EQ(error.direction(), CodecError::Direction::decode);
  EXPECT_EQ(pool.apply(square, 3), 9);
  return error.what();
}
bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

using TextAndNumbers =
    std::pair<std::shared_ptr<std::string>, std::shared_ptr<std::vector<double>>>;

Forged<TextAndNumbers> numbers_made_of_a_text() {
  const std::string text = "0123456789abcdef0123456789abcdef";
  auto forged = Forged<TextAndNumbers>::of(new_object | 1, std::uint64_t{text.size()});
  forged.add(text.data(), text.size());
  const std::uint32_t the_text = 1;
  forged.add(&the_text, sizeof the_text);
  return forged;
}

TEST_P(Decoding, a_shared_object_of_another_type_is_a_codec_error) {
  Pool pool = make_pool(1);
  EXPECT_TRUE(has(refused(pool, numbers_made_of_a_text), "vector<double"));
}

struct Tree {
  std::vector<Tree> children;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(children);
  }
};

Forged<Tree> bottomless_tree() {
  Forged<Tree> forged;
  for (int i = 0; i < 500'000; ++i) {
    const std::uint64_t one_child = 1;
    forged.add(&one_child, sizeof one_child);
  }
  return forged;
}

TEST_P(Decoding, a_value_without_a_bottom_is_a_codec_error) {
  Pool pool = make_pool(1);
  EXPECT_TRUE(has(refused(pool, bottomless_tree), "too deeply nested"));
}

TEST_P(Decoding, a_callback_that_decodes_it_survives_too) {
  Pool pool = make_pool(1);
  std::vector<AsyncResult<Forged<Tree>>> results;
  for (int i = 0; i < 3; ++i) results.push_back(pool.apply_async(bottomless_tree));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] { EXPECT_THROW(result.get(), CodecError); });
  for (std::thread& thread : threads) thread.join();
}

struct Link {
  int number = 0;
  std::unique_ptr<Link> next;
  int behind = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, next, behind);
  }
};
/// A list whose destruction is a loop.
struct LongList {
  std::unique_ptr<Link> first;
  LongList() = default;
  explicit LongList(int length) {
    for (int i = 0; i < length; ++i) first.reset(new Link{i, std::move(first), 0});
  }
  LongList(LongList&&) = default;
  LongList& operator=(LongList&&) = default;
  ~LongList() {
    while (first != nullptr) first = std::move(first->next);
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(first);
  }
};
LongList long_list(int length) { return LongList(length); }

// 100,000 fit into a stack when they are encoded, and did not when they were decoded.
TEST_P(Decoding, an_honest_list_of_any_length_is_a_value_or_a_codec_error) {
  Pool pool = make_pool(1);
  bool refused = false;
  for (const int length : {1'000, 60'000, 80'000, 100'000, 400'000}) {
    try {
      EXPECT_EQ(pool.apply(long_list, length).first->number, length - 1);
      EXPECT_FALSE(refused) << length;
    } catch (const CodecError& error) {
      EXPECT_GT(length, 1'000);
      EXPECT_TRUE(has(error.what(), "too deeply nested")) << error.what();
      refused = true;
    }
  }
  EXPECT_TRUE(refused);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

// An argument fails in the caller's thread, before a worker has seen it.
TEST_P(Decoding, an_argument_that_is_too_deep_is_a_codec_error) {
  Pool pool = make_pool(1);
  const LongList list(400'000);
  const auto length_of = [](const LongList&) { return 0; };
  const auto error = caught<CodecError>([&] { pool.apply(length_of, list); });
  EXPECT_EQ(error.direction(), CodecError::Direction::encode);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

struct Nothing {
  friend bool operator<(Nothing, Nothing) { return false; }
};
using Nothings = std::vector<std::set<Nothing>>;

Forged<Nothings> sets_of_nothing() {
  auto forged = Forged<Nothings>::of(std::uint64_t{100'000});
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t length = 400'000;
    forged.add(&length, sizeof length);
  }
  return forged;
}

TEST_P(Decoding, containers_of_nothing_take_no_time_without_end) {
  Pool pool = make_pool(1);
  EXPECT_TRUE(has(refused(pool, sets_of_nothing), "claim"));
}

struct Large {
  double numbers[512] = {};
  std::string text;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(text);
  }
};
Forged<std::list<Large>> large_list() {
  auto forged = Forged<std::list<Large>>::of(std::uint64_t{1'000'000});
  const std::string lying(1'000'000, '\xff');
  forged.add(lying.data(), lying.size());
  return forged;
}

TEST_P(Decoding, a_lying_length_costs_no_memory) {
  Pool pool = make_pool(1);
  EXPECT_TRUE(has(refused(pool, large_list), "claims"));
}

Forged<TextAndNumbers> forged_if_odd(int x) {
  if (x % 2 != 0) return numbers_made_of_a_text();
  return Forged<TextAndNumbers>::of(std::uint32_t{0}, std::uint32_t{0});
}

TEST_P(Decoding, of_a_map_only_the_forged_elements_are_lost) {
  Pool pool = make_pool(2);
  int lost = 0, kept = 0;
  auto results = pool.imap(forged_if_odd, std::vector{0, 1, 2, 3, 4, 5, 6, 7});
  for (int i = 0; i < 8; ++i) {
    try {
      static_cast<void>(results.next());
      ++kept;
    } catch (const CodecError&) {
      ++lost;
    }
  }
  EXPECT_EQ(lost, 4);
  EXPECT_EQ(kept, 4);
}

}  // namespace
}  // namespace brood::testing::decoding_test
