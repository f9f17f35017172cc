#include "pool/calls/call_run.hpp"

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace brood::pool {

namespace {

// A batch keeps the arguments of its calls until all of them have ended.
constexpr std::size_t most_calls = 64 * 1024;
constexpr std::size_t most_bytes = 256 * 1024;

void append_record(detail::Bytes& records, std::span<const std::byte> argument) {
  const std::uint64_t length = argument.size();
  std::byte* const record = records.extend(sizeof length + argument.size());
  std::memcpy(record, &length, sizeof length);
  std::memcpy(record + sizeof length, argument.data(), argument.size());
}

}  // namespace

// A definition is shared only by calls of a function that has no state, which are all alike.
bool CallRun::is_like(const detail::JobSpec& next) const {
  return spec_.definition == next.definition && spec_.results == next.results &&
         (spec_.terms == next.terms || *spec_.terms == *next.terms);
}

bool CallRun::take(const detail::JobSpec& next) {
  detail::Elements& all = spec_.elements;
  if (!is_like(next) || all.count == most_calls || all.payload.size() >= most_bytes) return false;
  const std::span<const std::byte> argument = next.elements.payload.view();
  if (all.stride == 0 && all.ends.empty()) begin_records(argument.size());
  if (all.stride != 0 && all.stride != argument.size()) return false;
  append(argument);
  ++all.count;
  return true;
}

// The only argument so far, which is a whole payload, becomes the first of several.
void CallRun::begin_records(std::size_t size_of_next) {
  detail::Elements& all = spec_.elements;
  const std::size_t size = all.payload.size();
  if (size == size_of_next && size != 0) {
    all.stride = size;
    return;
  }
  detail::Bytes records;
  append_record(records, all.payload.view());
  all.ends = {records.size()};
  all.payload = detail::Payload(std::move(records));
}

void CallRun::append(std::span<const std::byte> argument) {
  detail::Elements& all = spec_.elements;
  detail::Bytes& bytes = all.payload.owned();
  if (all.stride != 0) return bytes.append(argument.data(), argument.size());
  const std::size_t before = bytes.size();
  append_record(bytes, argument);
  try {
    all.ends.push_back(bytes.size());
  } catch (...) {
    bytes.truncate(before);
    throw;
  }
}

}  // namespace brood::pool
