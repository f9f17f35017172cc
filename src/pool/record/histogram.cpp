#include <algorithm>
#include <bit>
#include <cmath>

#include <brood/statistics.hpp>

namespace brood {

namespace {

// Of each power of two as many buckets: none is wider than a 64th of its values, and its middle is
// nearer than a 128th to each of them.
constexpr int bits = 6;
constexpr std::uint64_t per_power = std::uint64_t{1} << bits;
constexpr std::uint64_t exact = 2 * per_power;  // values below have a bucket of their own

std::size_t bucket_of(std::uint64_t value) noexcept {
  if (value < exact) return static_cast<std::size_t>(value);
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - bits;
  return static_cast<std::size_t>(static_cast<std::uint64_t>(shift) * per_power + (value >> shift));
}

std::uint64_t lowest_in(std::size_t bucket) noexcept {
  if (bucket < exact) return bucket;
  const std::uint64_t shift = bucket / per_power - 1;
  return (bucket - shift * per_power) << shift;
}

std::uint64_t width_of(std::size_t bucket) noexcept {
  return bucket < exact ? 1 : std::uint64_t{1} << (bucket / per_power - 1);
}

std::uint64_t highest_in(std::size_t bucket) noexcept {
  return lowest_in(bucket) + (width_of(bucket) - 1);
}

}  // namespace

void Histogram::add(std::uint64_t value, std::uint64_t times) {
  if (times == 0) return;
  const std::size_t bucket = bucket_of(value);
  if (bucket >= counts_.size()) counts_.resize(bucket + per_power);
  counts_[bucket] += times;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  count_ += times;
  sum_ += static_cast<double>(value) * static_cast<double>(times);
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
}

double Histogram::mean() const noexcept {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

// Where p is no number the first comparison is false: the least.
std::uint64_t Histogram::quantile(double p) const noexcept {
  if (count_ == 0) return 0;
  if (!(p > 0)) return min_;
  if (p >= 1) return max_;
  const auto rank = std::max(1.0, std::ceil(p * static_cast<double>(count_)));
  std::uint64_t passed = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    passed += counts_[bucket];
    if (static_cast<double>(passed) < rank) continue;
    return std::clamp(lowest_in(bucket) + (width_of(bucket) - 1) / 2, min_, max_);
  }
  return max_;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> all;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    if (counts_[bucket] != 0) all.push_back({highest_in(bucket), counts_[bucket]});
  }
  return all;
}

}  // namespace brood
