#include "pool/scheduler/job_record.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace brood::pool {

namespace {
bool is_in(const std::vector<std::size_t>& elements, std::size_t index) {
  return std::find(elements.begin(), elements.end(), index) != elements.end();
}
}  // namespace

bool JobRecord::was_cancelled(std::size_t index) const { return is_in(cancelled, index); }

bool JobRecord::has_last_attempt(std::size_t index) const { return is_in(last_attempts, index); }

bool JobRecord::is_passed_on(std::size_t index) const {
  const auto known = unbegun.find(index);
  return known != unbegun.end() && known->second.passed_on;
}

bool JobRecord::is_defined_anew_in(WorkerId worker) {
  if (traits.self_contained) return false;
  const auto place = std::lower_bound(defined_in.begin(), defined_in.end(), worker);
  if (place != defined_in.end() && *place == worker) return false;
  defined_in.insert(place, worker);
  return true;
}

// Not merged: a range never spans two calls.
void JobRecord::append(std::size_t count) {
  pending.insert(pending.begin(), {total, total + count});
  pending_count += count;
}

void JobRecord::put_back(std::size_t first, std::size_t count) {
  pending.push_back({first, first + count});
  pending_count += count;
}

std::size_t JobRecord::give_up_pending() {
  pending.clear();
  return std::exchange(pending_count, 0);
}

bool JobRecord::give_up_pending(std::size_t index) {
  const auto range = std::find_if(pending.rbegin(), pending.rend(), [=](const Range& r) {
    return r.first <= index && index < r.last;
  });
  if (range == pending.rend()) return false;
  const Range whole = *range;
  range->first = index + 1;
  --pending_count;
  const auto kept =
      range->first == whole.last ? pending.erase(std::prev(range.base())) : range.base();
  if (index != whole.first) pending.insert(kept, {whole.first, index});
  return true;
}

void JobRecord::reset() noexcept {
  live = sealed = finished = runnable = draining = false;
  pending.clear();
  pending_count = total = resolved = assigned = largest = 0;
  failures.clear();
  cancelled.clear();
  last_attempts.clear();
  unbegun.clear();
  defined_in.clear();
}

}  // namespace brood::pool
