#include <atomic>

#include "wire/exception_record.hpp"

namespace brood {
namespace {

// Registered types, the newest first. A list that only grows: no lock that a fork could leave
// locked, and, being initialized before any code runs, ready for registrations from static
// initialization.
struct Registered {
  detail::ExceptionCodec codec;
  const Registered* next;
};
constinit std::atomic<const Registered*> newest{nullptr};

}  // namespace

void detail::add_exception(const ExceptionCodec& codec) {
  if (wire::is_registered(codec.rethrow)) return;
  auto* const added = new Registered{codec, newest.load(std::memory_order_relaxed)};
  while (!newest.compare_exchange_weak(added->next, added, std::memory_order_release,
                                       std::memory_order_relaxed)) {
  }
}

const detail::ExceptionCodec* wire::encode_registered(const std::exception& exception,
                                                      detail::Bytes& payload) {
  for (const Registered* at = newest.load(std::memory_order_acquire); at != nullptr;
       at = at->next) {
    if (at->codec.encode(exception, payload)) return &at->codec;
  }
  return nullptr;
}

bool wire::is_registered(detail::CallEntry rethrow) noexcept {
  for (const Registered* at = newest.load(std::memory_order_acquire); at != nullptr;
       at = at->next) {
    if (at->codec.rethrow == rethrow) return true;
  }
  return false;
}

}  // namespace brood
