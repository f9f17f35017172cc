#include "pool/record/element_store.hpp"

#include <algorithm>

namespace brood::pool {

namespace {

// The least time that no more than `most` are longer than.
std::uint64_t longer_than_all_but(std::uint64_t most, const Histogram& times) {
  const std::vector<Histogram::Bucket> buckets = times.buckets();
  std::uint64_t above = 0;
  for (auto bucket = buckets.rbegin(); bucket != buckets.rend(); ++bucket) {
    above += bucket->count;
    if (above > most) return bucket->upper;
  }
  return 0;
}

}  // namespace

bool ElementStore::is_slow(const trace::TimelineElement& element) const noexcept {
  if (element.running == trace::unknown_time || element.encoding == trace::unknown_time)
    return false;
  return static_cast<std::uint64_t>(element.encoding - element.running) > slow_;
}

bool ElementStore::add(const trace::TimelineElement& element, const Histogram& times) {
  const bool failed = element.outcome != 0;
  if (failed && failures_ == most_) return false;
  if (!failed && elements_.size() - failures_ >= most_) thin(times);
  if (!failed && one_of_ > 1 && !is_slow(element)) {
    if (++passed_ < one_of_) {
      ++left_out_;
      return true;
    }
    passed_ = 0;
  }
  elements_.push_back(element);
  if (failed) ++failures_;
  return true;
}

// In the order in which they came, so that what is left is spread over the time as all were.
void ElementStore::thin(const Histogram& times) {
  slow_ = longer_than_all_but(slowest_, times);
  bool drops = false;
  const auto is_dropped = [&](const trace::TimelineElement& element) {
    if (element.outcome != 0 || is_slow(element)) return false;
    drops = !drops;
    return drops;
  };
  const auto end = std::remove_if(elements_.begin(), elements_.end(), is_dropped);
  left_out_ += static_cast<std::uint64_t>(elements_.end() - end);
  elements_.erase(end, elements_.end());
  one_of_ *= 2;
  passed_ = 0;
}

}  // namespace brood::pool
