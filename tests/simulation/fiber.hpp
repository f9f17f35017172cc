#pragma once

#include <ucontext.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>

namespace brood::simulation {

/// A function on a stack of its own, so that blocking code runs in a single thread: it pauses where
/// it would block. Exceptions may be in flight or caught across a pause.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  /// It must have ended, or never have been resumed.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs it until it pauses or ends.
  void resume();
  /// From inside.
  void pause();
  bool ended() const noexcept { return ended_; }
  bool begun() const noexcept { return begun_; }

 private:
  static constexpr std::size_t stack_size = 256 * 1024;
  using ExceptionState = std::array<std::byte, 2 * sizeof(void*)>;
  static void enter(unsigned high, unsigned low);
  void run();
  void swap_exceptions() noexcept;

  std::function<void()> body_;
  std::unique_ptr<std::byte[]> stack_;
  ucontext_t inside_{}, outside_{};
  ExceptionState exceptions_{};  // what __cxa_get_globals held at the last switch
  void* fake_inside_ = nullptr;  // AddressSanitizer's
  void* fake_outside_ = nullptr;
  void* thread_inside_ = nullptr;  // ThreadSanitizer's
  void* thread_outside_ = nullptr;
  const void* outside_stack_ = nullptr;
  std::size_t outside_size_ = 0;
  bool begun_ = false, ended_ = false;
};

}  // namespace brood::simulation
