#include "platform/copies.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <string_view>

#include "platform/process.hpp"

namespace brood::platform {
namespace {

constinit OwnChannel channel;
constinit pid_t original = 0;
/// Shared with the copies: how many of them have ended. Made by the first fork.
constinit std::atomic<unsigned>* ended = nullptr;

bool is_original() noexcept { return original == ::getpid(); }

void before_fork() noexcept {
  if (ended != nullptr || !is_original()) return;
  void* const memory =
      ::mmap(nullptr, sizeof *ended, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) ended = static_cast<std::atomic<unsigned>*>(memory);
}

void in_copy() noexcept {
  if (original == 0) return;
  replace_descriptors(channel.descriptors.data(), channel.descriptors.size());
  if (channel.memory != nullptr) {
    ::mmap(channel.memory, channel.size, PROT_READ | PROT_WRITE,
           MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  channel = OwnChannel();  // a number may be another's by the next fork
}

}  // namespace

void keep_from_copies(const OwnChannel& own) noexcept {
  static const int installed = pthread_atfork(before_fork, nullptr, in_copy);
  static_cast<void>(installed);
  channel = own;
  original = ::getpid();
  ended = nullptr;
}

void end_copy() noexcept {
  if (ended != nullptr) ended->fetch_add(1);
  constexpr std::string_view text =
      "brood: a process that was forked by a task, an initializer, a hook or a callback came back "
      "from it; "
      "it ends here\n";
  static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) < 0);
  ::_exit(exit_copy);
}

void end_if_copy() noexcept {
  if (original != 0 && !is_original()) end_copy();
}

unsigned copies_ended() noexcept {
  return ended == nullptr || !is_original() ? 0 : ended->exchange(0);
}

}  // namespace brood::platform
