#include <brood/codec.hpp>

#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "base/memory_limit.hpp"
#include "base/stack.hpp"
#include "base/type_name.hpp"

namespace brood::detail {
namespace {

constexpr auto decode = CodecError::Direction::decode;
constexpr auto encode = CodecError::Direction::encode;

// The reader knows what is wrong with the bytes, its caller which type they were to be.
[[noreturn]] void throw_with_type(const CodecError& error, const std::string& type) {
  const std::size_t prefix = std::strlen(CodecError(error.direction(), "", "").what());
  const std::string text = error.what();
  throw CodecError(error.direction(), type, text.size() > prefix ? text.substr(prefix) : text);
}

std::string no_memory_text() {
  std::string text = "there is no memory for the lengths that the bytes claim";
  if (base::address_space_limit != 0) {
    text += ": this worker may have " + std::to_string(base::address_space_limit) +
            " bytes of addresses (limits.address_space)";
  }
  return text;
}

}  // namespace

}  // namespace brood::detail

namespace brood {

OutputArchive::OutputArchive(detail::Bytes& target) : AggregateArchive(this), target_(target) {}
OutputArchive::~OutputArchive() = default;

InputArchive::InputArchive(Reader& source)
    : AggregateArchive(this),
      source_(source),
      claims_left_(source.left() * claims_per_byte + most_empty_elements),
      steps_left_(source.left() * steps_per_byte + steps_for_all) {}
InputArchive::~InputArchive() = default;

}  // namespace brood

namespace brood::detail {

Supply::~Supply() = default;

// Bytes that there is no memory for are passed over: others stand behind them.
std::span<const std::byte> Supply::take(std::span<const std::byte> before, std::size_t count) {
  std::size_t missing = count - before.size();
  try {
    Bytes kept(before);
    std::byte* const target = kept.extend(missing);
    read(target, std::exchange(missing, 0));
    return kept_.emplace_back(std::move(kept)).view();
  } catch (const std::bad_alloc&) {
    std::array<std::byte, 4096> block;
    for (; missing > block.size(); missing -= block.size()) read(block.data(), block.size());
    read(block.data(), missing);
    throw CodecError(decode, "", no_memory_text());
  }
}

void throw_truncated(std::size_t wanted, std::size_t left) {
  throw CodecError(
      decode, "",
      std::to_string(wanted) + " bytes are needed where " + std::to_string(left) + " are left");
}

void throw_bad_length(std::uint64_t claimed, std::size_t left) {
  throw CodecError(decode, "",
                   "a container claims " + std::to_string(claimed) + " elements where " +
                       std::to_string(left) + " bytes are left");
}

void throw_empty_elements() {
  throw CodecError(decode, "", "its containers claim more elements than its bytes can stand for");
}

void throw_collisions() { throw CodecError(decode, "", "too many keys of a hash table collide"); }

void throw_bad_bool(unsigned value) {
  throw CodecError(decode, "bool", "its byte is " + std::to_string(value));
}

void check_bools(std::span<std::byte> bytes) {
  for (const std::byte byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    if (value <= 1) continue;
    std::memset(bytes.data(), 0, bytes.size());
    throw_bad_bool(value);
  }
}

std::uintptr_t lowest_frame() noexcept {
  return base::lowest_frame(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
}

void throw_too_deep(CodecError::Direction direction) {
  throw CodecError(direction, "",
                   "it is too deeply nested for the stack of this thread: objects in objects in "
                   "objects, as a long list of pointers is");
}

void throw_not_constructed() {
  throw CodecError(decode, "", "a load_and_construct() has constructed nothing");
}

void throw_trailing(std::size_t left, const std::type_info& type) {
  throw CodecError(decode, base::type_name(type),
                   std::to_string(left) + " bytes follow it that do not belong to it");
}

void throw_encode_failure(const std::type_info& type) {
  try {
    throw;
  } catch (const CodecError& error) {
    if (!error.type().empty() || error.direction() != encode) throw;
    throw_with_type(error, base::type_name(type));
  } catch (const cereal::Exception& error) {
    throw CodecError(encode, base::type_name(type), error.what());
  }
}

void throw_decode_failure(const std::type_info& type) {
  try {
    throw;
  } catch (const CodecError& error) {
    if (!error.type().empty()) throw;
    throw_with_type(error, base::type_name(type));
  } catch (const std::bad_alloc&) {
    throw CodecError(decode, base::type_name(type), no_memory_text());
  } catch (const std::exception& error) {
    throw CodecError(decode, base::type_name(type),
                     std::string(error.what()) + " (" + base::type_name(typeid(error)) + ")");
  } catch (...) {
    throw CodecError(decode, base::type_name(type),
                     "its serializer threw something that is no std::exception");
  }
}

}  // namespace brood::detail

namespace brood {

void Reader::read_beyond(void* target, std::size_t count) {
  if (count > left()) detail::throw_truncated(count, left());
  const std::size_t here = in_memory();
  if (here != 0) std::memcpy(target, std::exchange(position_, end_), here);
  supply_->read(static_cast<std::byte*>(target) + here, count - here);
}

std::span<const std::byte> Reader::take_beyond(std::size_t count) {
  if (count > left()) detail::throw_truncated(count, left());
  const std::span<const std::byte> here(std::exchange(position_, end_), end_);
  return supply_->take(here, count);
}

}  // namespace brood
