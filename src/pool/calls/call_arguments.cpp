#include "pool/calls/call_arguments.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <span>
#include <utility>

#include "pool/calls/run_frame.hpp"

namespace brood::pool {

namespace {

// The bytes of elements [from, to) of these.
std::span<const std::byte> slice(const detail::Elements& elements, std::size_t from,
                                 std::size_t to) {
  const std::span<const std::byte> all = elements.payload.view();
  if (elements.stride != 0)
    return all.subspan(from * elements.stride, (to - from) * elements.stride);
  if (elements.ends.empty()) return all;  // a single
  const std::size_t start = from == 0 ? 0 : elements.ends[from - 1];
  return all.subspan(start, elements.ends[to - 1] - start);
}

// Numbers that no job has.
constexpr std::uint64_t no_attachment_group = ~std::uint64_t{0};
std::uint64_t next_attachment_group() noexcept {
  static std::atomic<std::uint64_t> last{std::uint64_t{1} << 63};
  return ++last;
}

// Bytes; less is copied behind the frame's header.
constexpr std::size_t worth_borrowing = 4 * 1024;

// Not with descriptors: it is the end of a definition that has the worker drop them.
bool is_self_contained(detail::JobKind kind, const detail::Definition& definition,
                       const detail::Elements& elements) noexcept {
  return kind == detail::JobKind::single && definition.bytes.attached().empty() &&
         elements.payload.owned().attached().empty();
}

}  // namespace

CallArguments::CallArguments(detail::JobKind kind,
                             const std::shared_ptr<const detail::Definition>& definition,
                             detail::Elements&& elements)
    : Arguments(definition,
                {.self_contained = is_self_contained(kind, *definition, elements),
                 .fills_frame = kind == detail::JobKind::single},
                elements.count),
      elements_(std::move(elements)) {}

CallArguments::CallArguments(std::shared_ptr<const detail::Definition> definition,
                             detail::Elements&& elements)
    : Arguments(
          std::move(definition),
          {.self_contained = true, .fills_frame = elements.stride == 0 && elements.ends.empty()},
          elements.count),
      elements_(std::move(elements)) {}

Arguments::Part CallArguments::part(std::size_t first) const noexcept {
  const auto later = segment(first);
  const detail::Elements& elements = later ? later->elements : elements_;
  const auto oldest = std::find_if(later_.begin(), later_.end(), [](const auto& segment) {
    return segment->attachment_group != 0;
  });
  return {.stride = elements.stride,
          .attached = elements.payload.owned().attached(),
          .attachment_group = later ? later->attachment_group : 0,
          .oldest_attachment_group =
              oldest == later_.end() ? no_attachment_group : (*oldest)->attachment_group};
}

// Never beyond what one extend() brought.
void CallArguments::append_to(RunFrame& frame, std::size_t first, std::size_t count) const {
  const auto later = segment(first);
  const detail::Elements& elements = later ? later->elements : elements_;
  const auto borrow = [&](std::span<const std::byte> part) { frame.borrow(part, later); };
  if (!elements.payload.contiguous()) return elements.payload.for_each_part(borrow);
  const std::size_t from = later ? first - later->first : first;
  const std::span<const std::byte> bytes = slice(elements, from, from + count);
  if (bytes.size() < worth_borrowing) {
    frame.copy(bytes);
  } else {
    borrow(bytes);
  }
}

// One that does not lie in one piece is the only one.
detail::Bytes CallArguments::element(std::size_t index) const {
  const auto later = segment(index);
  const detail::Elements& elements = later ? later->elements : elements_;
  detail::Bytes bytes;
  const auto append = [&](std::span<const std::byte> part) {
    bytes.append(part.data(), part.size());
  };
  if (!elements.payload.contiguous()) {
    elements.payload.for_each_part(append);
  } else {
    const std::size_t from = later ? index - later->first : index;
    append(slice(elements, from, from + 1));
  }
  return bytes;
}

std::size_t CallArguments::size_of(std::size_t index) const noexcept {
  const auto later = segment(index);
  const detail::Elements& elements = later ? later->elements : elements_;
  if (!elements.payload.contiguous()) return elements.payload.size();
  const std::size_t from = later ? index - later->first : index;
  return slice(elements, from, from + 1).size();
}

void CallArguments::extend(detail::Elements&& more) {
  auto segment = std::make_shared<Segment>();
  segment->first = count();
  segment->elements = std::move(more);
  if (!segment->elements.payload.owned().attached().empty())
    segment->attachment_group = next_attachment_group();
  grow(segment->elements.count);
  later_.push_back(std::move(segment));
}

std::shared_ptr<CallArguments::Segment> CallArguments::segment(std::size_t index) const noexcept {
  const auto behind =
      std::upper_bound(later_.begin(), later_.end(), index,
                       [](std::size_t i, const auto& segment) { return i < segment->first; });
  return behind == later_.begin() ? nullptr : *std::prev(behind);
}

void CallArguments::release(std::size_t first, std::size_t count) {
  if (later_.empty()) return;
  if (const auto later = segment(first)) later->resolved += count;
  const auto used = std::find_if(later_.begin(), later_.end(), [](const auto& one) {
    return one->resolved != one->elements.count;
  });
  later_.erase(later_.begin(), used);
}

void CallArguments::drop() noexcept {
  later_.clear();
  elements_.payload = {};
}

}  // namespace brood::pool
