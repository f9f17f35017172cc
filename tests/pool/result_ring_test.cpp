#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "protocol/page.hpp"
#include "support/counting_text.hpp"

// Results on their way through the ring of a worker's page.
namespace brood::testing::result_ring_test {
namespace {

class ResultRing : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ResultRing);

constexpr std::size_t ring = protocol::WorkerPage::buffer_size;

/// Around the sizes at which a result fills a frame, gets one of its own, or does not fit.
std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all;
  for (const std::size_t size : {std::size_t{200}, ring / 16, ring / 8, ring / 4, ring, 5 * ring}) {
    for (const std::size_t less : {200, 100, 97, 96, 88, 80, 72, 64, 8, 1, 0}) {
      all.push_back(size - less);
      all.push_back(size + less);
    }
  }
  return all;
}

TEST_P(ResultRing, brings_results_of_any_size_whole) {
  Pool pool = make_pool(2);
  const std::vector<std::size_t> wanted = sizes();
  for (const std::size_t chunk : {1, 7}) {
    const std::vector<std::string> texts = pool.with({.chunk = chunk}).map(counting_text, wanted);
    ASSERT_EQ(texts.size(), wanted.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      EXPECT_TRUE(texts[i] == counting_text(wanted[i])) << wanted[i];
  }
  for (const std::size_t size : wanted)
    EXPECT_TRUE(pool.apply(counting_text, size) == counting_text(size)) << size;
}

// So often round that frames begin at every place.
TEST_P(ResultRing, brings_them_whole_where_they_lie_across_its_end) {
  Pool pool = make_pool(1);
  std::vector<std::size_t> small;
  for (std::size_t i = 0; small.size() * 500 < 40 * ring; ++i) small.push_back(i * 37 % 1000);
  const std::vector<std::string> texts = pool.map(counting_text, small);
  for (std::size_t i = 0; i < texts.size(); ++i)
    ASSERT_TRUE(texts[i] == counting_text(small[i])) << i;
  std::vector<int> numbers(1'000'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  EXPECT_EQ(pool.map([](int n) { return n; }, numbers), numbers);
}

std::string throws_or_answers(std::size_t size) {
  if (size % 3 == 0) throw std::runtime_error(std::string(size % 5000, 'e'));
  return counting_text(size);
}

TEST_P(ResultRing, keeps_results_and_errors_in_their_order) {
  Pool pool = make_pool(2);
  std::vector<std::size_t> all(3000);
  std::iota(all.begin(), all.end(), std::size_t{1});
  const auto outcomes = pool.try_map(throws_or_answers, all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(outcomes[i].has_value(), all[i] % 3 != 0) << i;
    if (!outcomes[i].has_value()) continue;
    ASSERT_TRUE(outcomes[i].value() == counting_text(all[i])) << i;
  }
}

}  // namespace
}  // namespace brood::testing::result_ring_test
