#pragma once

#include <exception>
#include <span>

#include <brood/detail/bytes.hpp>
#include <brood/errors.hpp>

namespace brood::wire {

/// Encodes an exception in the worker: type name, text, nested causes, and, for a type of the standard library or a
/// registered one, what it takes to make it again. Never throws but std::bad_alloc; an exception whose what() or
/// serializer throws is encoded as far as it goes.
void encode_exception(detail::Bytes& target, std::exception_ptr exception) noexcept(false);

/// Makes the exception again in the parent: the original type with the TaskError nested in it
/// (std::throw_with_nested's way), or the TaskError itself. Bad bytes give a CodecError. `text_of` style helpers below.
std::exception_ptr decode_exception(std::span<const std::byte> bytes, const WorkerIdentity& worker, std::size_t index);

/// "type: text" of an exception, for logs and for the texts of StartError.
std::string describe_exception(std::exception_ptr exception);
std::string describe_encoded_exception(std::span<const std::byte> bytes);

}  // namespace brood::wire
