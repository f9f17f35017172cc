#include "manager/replies.hpp"

#include <unistd.h>

#include <exception>

#include <brood/codec.hpp>
#include "platform/identity.hpp"
#include "wire/exception.hpp"

namespace brood::manager {

detail::Bytes begin_reply(Status status) {
  detail::Bytes reply;
  reply.append(&status, sizeof status);
  return reply;
}

detail::Bytes failure() {
  detail::Bytes reply = begin_reply(Status::exception);
  detail::encode_value(reply, platform::process_name());
  detail::encode_value(reply, static_cast<int>(::getpid()));
  wire::encode_exception(reply, std::current_exception());
  return reply;
}

}  // namespace brood::manager
