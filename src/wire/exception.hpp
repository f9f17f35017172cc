#pragma once

#include <exception>
#include <span>
#include <string>

#include <brood/detail/bytes.hpp>
#include <brood/errors.hpp>

namespace brood::wire {

/// Encodes an exception in the worker: type name, text, nested causes, and, for a type of the
/// standard library or a registered one, what it takes to make it again. Throws std::bad_alloc and
/// nothing else: an exception whose serializer throws is encoded as far as it goes.
void encode_exception(detail::Bytes& target, std::exception_ptr exception);

/// Makes the exception again in the parent, and so on for its nested causes:
///   a registered type, the standard library's and Brood's own: that type, with the same what();
///   a type derived from one of them: the nearest of them, unless a TaskError is caught by that
///   one's handlers too; any other: the TaskError.
/// Except in the last case the TaskError is nested in it; the exception's own cause is nested in
/// the TaskError. Bad bytes give a CodecError. Throws std::bad_alloc only.
std::exception_ptr decode_exception(std::span<const std::byte> bytes, const WorkerIdentity& worker,
                                    std::size_t index, const Attempts& attempts = {});

/// "type: text; caused by type: text" of an exception, for logs and for the texts of StartError.
/// Long texts are cut.
std::string describe_exception(std::exception_ptr exception);
std::string describe_encoded_exception(std::span<const std::byte> bytes);
/// Logs an error: what has failed, then the exception in flight. Without memory for the text, or
/// with a log that throws, nothing.
void log_exception(const char* what_failed) noexcept;

}  // namespace brood::wire
