#include "pool/record/calls_of_record.hpp"

#include <algorithm>

namespace brood::pool {

namespace {
constexpr std::size_t most_calls = 10'000;     // with an entry of their own
constexpr std::size_t enough_to_name = 256;    // bytes of a definition
constexpr std::size_t most_times_kept = 1024;  // of a stream
}  // namespace

CallsOfRecord::OpenJob* CallsOfRecord::find(JobId job) noexcept {
  const std::uint32_t slot = slot_of(job);
  const bool known = slot < jobs_.size() && jobs_[slot].open && jobs_[slot].id == job;
  return known ? &jobs_[slot] : nullptr;
}

// Where this throws, nothing has an index that is not there.
std::uint32_t CallsOfRecord::call_for(Kind kind, std::span<const std::byte> definition,
                                      std::int64_t submitted) {
  const auto named = definition.first(std::min(definition.size(), enough_to_name));
  Source source{kind, {named.begin(), named.end()}};
  const bool is_one_too_many = calls_.size() >= most_calls;
  if (is_one_too_many) source.definition.clear();  // one entry for all that come now
  const bool shares = kind == Kind::of_one_element || is_one_too_many;
  const auto next = static_cast<std::uint32_t>(calls_.size());
  if (shares) {
    const auto [known, is_new] = shared_.try_emplace(source, next);
    if (!is_new) return known->second;
  }
  sources_.resize(next);
  sources_.push_back(std::move(source));
  calls_.push_back({.name = {}, .elements = 0, .submitted = submitted});
  return next;
}

void CallsOfRecord::add(JobId job, std::size_t count, Time queued, std::int64_t submitted,
                        Kind kind, std::span<const std::byte> definition) {
  const std::uint32_t slot = slot_of(job);
  if (jobs_.size() <= slot) jobs_.resize(slot + 1);
  OpenJob fresh;
  fresh.id = job;
  fresh.open = true;
  fresh.call = call_for(kind, definition, submitted);
  fresh.offset = static_cast<std::size_t>(calls_[fresh.call].elements);
  jobs_[slot] = std::move(fresh);
  extend(job, count, queued);
}

void CallsOfRecord::extend(JobId job, std::size_t count, Time queued) {
  OpenJob* const open = find(job);
  if (open == nullptr || count == 0) return;
  open->queued.emplace_back(open->count, queued);
  if (open->queued.size() > most_times_kept) open->queued.pop_front();
  open->count += count;
  calls_[open->call].elements += count;
}

void CallsOfRecord::finish(JobId job, std::int64_t ended) {
  if (const OpenJob* const open = find(job)) calls_[open->call].ended = ended;
}

void CallsOfRecord::close(JobId job) noexcept {
  OpenJob* const open = find(job);
  if (open == nullptr) return;
  open->open = false;
  open->queued.clear();
  open->again.clear();
}

std::optional<Flight> CallsOfRecord::flight(const Assignment& sent, Time now) {
  OpenJob* const open = find(sent.job);
  if (open == nullptr || open->queued.empty()) return std::nullopt;
  const auto behind = std::upper_bound(
      open->queued.begin(), open->queued.end(), sent.first,
      [](std::size_t element, const auto& queued) { return element < queued.first; });
  Time queued = behind == open->queued.begin() ? behind->second : (behind - 1)->second;
  if (const auto again = open->again.find(sent.first); again != open->again.end()) {
    queued = again->second;
    if (sent.count == 1) open->again.erase(again);
  }
  return Flight{.job = sent.job,
                .call = open->call,
                .first = sent.first,
                .offset = open->offset,
                .sequence = sent.sequence,
                .count = sent.count,
                .attempt = sent.attempt,
                .queued = std::min(queued, now),
                .sent = now};
}

void CallsOfRecord::queue_again(JobId job, std::size_t element, Time now) {
  if (OpenJob* const open = find(job)) open->again[element] = now;
}

}  // namespace brood::pool
