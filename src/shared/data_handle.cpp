#include <brood/detail/shared/data_handle.hpp>

#include <algorithm>
#include <limits>

#include <brood/array.hpp>
#include <brood/codec.hpp>
#include <brood/errors.hpp>
#include "shared/mutex_state.hpp"
#include "shared/object.hpp"

namespace brood::detail {
namespace {

using shared::Kind;

struct Numbers {
  std::uint64_t count = 0;
  std::uint64_t size = 0;  // of one of them
  std::uint64_t type = 0;
  std::uint64_t offset = 0;  // of the first, in the memory
};
struct DataState {
  shared::MutexState mutex;  // first: an RLock refers to it
  Numbers numbers;           // read when the object comes; then a handle's own
};

constexpr std::size_t after_state = 128;  // a cache line's begin
static_assert(shared::state_offset + sizeof(DataState) <= after_state);

std::size_t offset_for(std::size_t alignment) noexcept { return std::max(after_state, alignment); }

std::size_t bytes_of(std::size_t size, std::size_t count) {
  constexpr std::size_t most = std::numeric_limits<std::ptrdiff_t>::max() / 2;
  if (count > most / size)
    throw UsageError("brood: no shared array can have " + std::to_string(count) + " elements of " +
                     std::to_string(size) + " bytes");
  return count * size;
}

// Once, and then checked: others can write it.
Numbers copied(const shared::Object& object) noexcept {
  const volatile Numbers& there = static_cast<const DataState*>(object.state())->numbers;
  return {there.count, there.size, there.type, there.offset};
}

Kind kind_of_form(bool is_array) noexcept { return is_array ? Kind::array : Kind::value; }

[[noreturn]] void throw_bad_shape() {
  throw CodecError(CodecError::Direction::decode, "",
                   "the bytes are those of a shared value or array of another type");
}

}  // namespace

void throw_no_slice() {
  throw UsageError("brood: this slice would reach beyond the end of the array");
}

void throw_no_slices() { throw UsageError("brood: an array is cut into at least 1 slice"); }

DataHandle::DataHandle(Form form, Shape shape, std::size_t count) : count_(count) {
  const std::size_t offset = offset_for(shape.alignment);
  const std::size_t end = offset + bytes_of(shape.size, count);
  const shared::Object made = shared::make<DataState>(
      kind_of_form(form == Form::array), end - shared::state_offset - sizeof(DataState));
  auto& state = *static_cast<DataState*>(made.state());
  state.numbers = {count, shape.size, shape.type, offset};
  descriptor_ = made.descriptor;
  state_ = made.memory + offset;
  lock_ = RLock(made.descriptor, made.state());
}

std::unique_lock<RLock> DataHandle::lock() const {
  if (!descriptor_) shared::throw_no_object();
  return std::unique_lock<RLock>(lock_);
}

void DataHandle::save_all(OutputArchive& archive) const { shared::put(archive, descriptor_); }

void DataHandle::load_all(InputArchive& archive, Form form, Shape shape) {
  const bool is_array = form == Form::array;
  const auto found = shared::take(archive, {kind_of_form(is_array)}, sizeof(DataState));
  const Numbers there = copied(found);
  const bool fits = there.type == shape.type && there.size == shape.size &&
                    there.offset % shape.alignment == 0 && there.offset >= after_state &&
                    there.offset <= found.size &&
                    there.count <= (found.size - there.offset) / shape.size;
  if (!fits || (!is_array && there.count != 1)) throw_bad_shape();
  descriptor_ = found.descriptor;
  state_ = found.memory + there.offset;
  count_ = static_cast<std::size_t>(there.count);
  lock_ = RLock(found.descriptor, found.state());
}

void DataHandle::save_part(OutputArchive& archive, std::size_t first, std::size_t count) const {
  save_all(archive);
  archive(std::uint64_t{first}, std::uint64_t{count});
}

void DataHandle::load_part(InputArchive& archive, Shape shape, std::size_t& first,
                           std::size_t& count) {
  load_all(archive, Form::array, shape);
  std::uint64_t from = 0, length = 0;
  archive(from, length);
  if (from > count_ || length > count_ - from) throw_bad_shape();
  first = static_cast<std::size_t>(from);
  count = static_cast<std::size_t>(length);
}

}  // namespace brood::detail
