#pragma once

#include <cstddef>
#include <vector>

#include <brood/detail/export.hpp>
#include <brood/errors.hpp>

// The errors of the objects that processes share. Those of all calls are in brood/errors.hpp.
namespace brood {

/// An empty Received was used as a value: the stream had ended, or no value had come in time.
class BROOD_API EndOfStream : public Error {
 public:
  /// Thrown by Received.
  EndOfStream();
  ~EndOfStream() override;
};

/// Thrown to a party that cannot pass a barrier: another party that waited gave up or died, or
/// abort() or reset() was called.
class BROOD_API BrokenBarrier : public Error {
 public:
  using Error::Error;
  ~BrokenBarrier() override;
};

/// A message was larger than the buffer given to recv_bytes_into().
class BROOD_API BufferTooShort : public Error {
 public:
  /// Thrown by recv_bytes_into() with the message that it had received.
  explicit BufferTooShort(std::vector<std::byte> message);
  ~BufferTooShort() override;
  /// The whole message.
  const std::vector<std::byte>& message() const noexcept { return message_; }

 private:
  std::vector<std::byte> message_;
};

/// Manager::connect reached a server with another key, or a program that is no manager.
class BROOD_API AuthenticationError : public Error {
 public:
  using Error::Error;
  ~AuthenticationError() override;
};

/// A quota of this remote program is used up: the text says which one of ManagerQuotas. The call
/// had no effect. Later calls work again when there is room.
class BROOD_API QuotaError : public Error {
 public:
  using Error::Error;
  ~QuotaError() override;
};

}  // namespace brood
