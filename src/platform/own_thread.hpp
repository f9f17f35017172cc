#pragma once

#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include <brood/errors.hpp>
#include "platform/process.hpp"

namespace brood::platform {

/// A thread of the library's: takes no signals of the user's, has a name, and does not count as a
/// reason against fork. Throws SystemError.
template <class Body>
std::thread start_own_thread(const char* name, Body body) {
  const BlockedSignals blocked;  // inherited by the new thread
  // Made here: a fork pool that is made right behind this one must find it counted.
  auto own = std::make_unique<OwnThread>();
  std::thread thread;
  int error = 0;
  try {
    thread = std::thread([name, own = std::move(own), body = std::move(body)]() mutable {
      set_thread_name(name);
      own->begun();
      body();
    });
  } catch (const std::system_error& failure) {
    error = failure.code().value();
  }
  if (error != 0) throw SystemError("pthread_create", "starting a thread of the library's", error);
  return thread;
}

}  // namespace brood::platform
