#include "pool/calls/left_calls.hpp"

namespace brood::pool {

namespace {

// Empties it. The memory of a few calls is kept for the next ones.
template <class T>
void empty_out(std::vector<T>& vector) noexcept {
  constexpr std::size_t kept = 64 * 1024;  // bytes
  vector.clear();
  if (vector.capacity() > kept / sizeof(T)) std::vector<T>().swap(vector);
}

}  // namespace

void LeftCalls::add(std::shared_ptr<SmallCall> call, detail::JobSpec&& spec) {
  small_.push_back(std::move(call));
  try {
    CallRun* const last = empty() ? nullptr : std::get_if<CallRun>(&entries_.back());
    if (last == nullptr || !last->take(spec))
      entries_.emplace_back(std::in_place_type<CallRun>, std::move(spec));
  } catch (...) {
    small_.pop_back();
    throw;
  }
}

void LeftCalls::clear() noexcept {
  empty_out(entries_);
  empty_out(small_);
}

}  // namespace brood::pool
