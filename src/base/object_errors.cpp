#include <brood/object_errors.hpp>

#include <string>
#include <utility>

namespace brood {

EndOfStream::EndOfStream()
    : Error("there is no value: the stream has ended, or the time was over that get_for had") {}
EndOfStream::~EndOfStream() = default;

BrokenBarrier::~BrokenBarrier() = default;

BufferTooShort::BufferTooShort(std::vector<std::byte> message)
    : Error("a message of " + std::to_string(message.size()) +
            " bytes is larger than the buffer for it"),
      message_(std::move(message)) {}
BufferTooShort::~BufferTooShort() = default;

AuthenticationError::~AuthenticationError() = default;

QuotaError::~QuotaError() = default;

}  // namespace brood
