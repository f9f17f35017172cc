#include <brood/detail/data_handle.hpp>

#include <limits>

#include <brood/array.hpp>
#include <brood/codec.hpp>
#include <brood/errors.hpp>
#include "shared/mutex_state.hpp"
#include "shared/object.hpp"

namespace brood::detail {
namespace {

using shared::Kind;

struct DataState {
  shared::MutexState mutex;  // first: an RLock refers to it
  std::uint64_t count = 0;
  std::uint64_t size = 0;  // of one of them
  std::uint64_t type = 0;
  std::uint64_t offset = 0;  // of the first, in the memory
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
  state.count = count;
  state.size = shape.size;
  state.type = shape.type;
  state.offset = offset;
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
  const auto& state = *static_cast<const DataState*>(found.state());
  const bool fits = state.type == shape.type && state.size == shape.size &&
                    state.offset % shape.alignment == 0 && state.offset <= found.size &&
                    state.count <= (found.size - state.offset) / shape.size;
  if (!fits || (!is_array && state.count != 1)) throw_bad_shape();
  descriptor_ = found.descriptor;
  state_ = found.memory + state.offset;
  count_ = static_cast<std::size_t>(state.count);
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
