#include "fiber.hpp"

#include <cxxabi.h>

#include <cassert>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "support/sanitizers.hpp"

#if BROOD_UNDER_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif
#if BROOD_UNDER_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace brood::simulation {

namespace {

std::vector<std::unique_ptr<std::byte[]>>& spare_stacks() {
  static std::vector<std::unique_ptr<std::byte[]>> stacks;
  return stacks;
}

// The sanitizers keep a picture of the stack and want to be told of every switch.
void about_to_switch([[maybe_unused]] void** save, [[maybe_unused]] const void* stack,
                     [[maybe_unused]] std::size_t size, [[maybe_unused]] void* thread_fiber) {
#if BROOD_UNDER_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(save, stack, size);
#endif
#if BROOD_UNDER_THREAD_SANITIZER
  __tsan_switch_to_fiber(thread_fiber, 0);
#endif
}
void have_switched([[maybe_unused]] void* saved, [[maybe_unused]] const void** stack,
                   [[maybe_unused]] std::size_t* size) {
#if BROOD_UNDER_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(saved, stack, size);
#endif
}

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)) {
  if (spare_stacks().empty()) {
    stack_ = std::make_unique_for_overwrite<std::byte[]>(stack_size);
  } else {
    stack_ = std::move(spare_stacks().back());
    spare_stacks().pop_back();
  }
#if BROOD_UNDER_THREAD_SANITIZER
  thread_inside_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  assert(ended_ || !begun_);
#if BROOD_UNDER_THREAD_SANITIZER
  __tsan_destroy_fiber(thread_inside_);
#endif
  spare_stacks().push_back(std::move(stack_));
}

// makecontext(3) passes ints only.
void Fiber::enter(unsigned high, unsigned low) {
  const auto address = (static_cast<std::uintptr_t>(high) << 32) | low;
  reinterpret_cast<Fiber*>(address)->run();
}

void Fiber::run() {
  have_switched(nullptr, &outside_stack_, &outside_size_);
  body_();
  ended_ = true;
  swap_exceptions();
  about_to_switch(nullptr, outside_stack_, outside_size_, thread_outside_);
  ::setcontext(&outside_);
}

void Fiber::resume() {
  if (!std::exchange(begun_, true)) {
    ::getcontext(&inside_);
    inside_.uc_stack.ss_sp = stack_.get();
    inside_.uc_stack.ss_size = stack_size;
    inside_.uc_link = nullptr;
    const auto address = reinterpret_cast<std::uintptr_t>(this);
    ::makecontext(&inside_, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
                  static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  }
#if BROOD_UNDER_THREAD_SANITIZER
  thread_outside_ = __tsan_get_current_fiber();
#endif
  swap_exceptions();
  about_to_switch(&fake_outside_, stack_.get(), stack_size, thread_inside_);
  ::swapcontext(&outside_, &inside_);
  have_switched(fake_outside_, nullptr, nullptr);
}

void Fiber::pause() {
  swap_exceptions();
  about_to_switch(&fake_inside_, outside_stack_, outside_size_, thread_outside_);
  ::swapcontext(&inside_, &outside_);
  have_switched(fake_inside_, &outside_stack_, &outside_size_);
}

// The exceptions that are caught or in flight belong to a stack, and the runtime keeps them per
// thread.
void Fiber::swap_exceptions() noexcept {
  void* const globals = abi::__cxa_get_globals();
  ExceptionState now;
  std::memcpy(now.data(), globals, now.size());
  std::memcpy(globals, exceptions_.data(), now.size());
  exceptions_ = now;
}

}  // namespace brood::simulation
