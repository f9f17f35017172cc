#include "platform/copies.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

#include "platform/process.hpp"
#include "platform/sentinel.hpp"

namespace brood::platform {
namespace {

struct KeptDescriptor {
  int number = -1;
  FileIdentity file;
};
struct OwnChannel {
  std::array<KeptDescriptor, 3> descriptors{};
  void* memory = nullptr;
  std::size_t size = 0;  // bytes
  bool all = false;
};
constinit OwnChannel own_channel;
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
  if (own_channel.all && !is_forking_for_the_library()) replace_own_descriptors(nullptr, 0);
  for (const KeptDescriptor& kept : own_channel.descriptors) {
    if (kept.number >= 0 && kept.file.is_at(kept.number)) replace_descriptors(&kept.number, 1);
  }
  if (own_channel.memory != nullptr) {
    ::mmap(own_channel.memory, own_channel.size, PROT_READ | PROT_WRITE,
           MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  own_channel = OwnChannel();  // a number may be another's by the next fork
}

}  // namespace

void keep_from_copies(std::initializer_list<int> descriptors, void* memory,
                      std::size_t size) noexcept {
  static const int installed = pthread_atfork(before_fork, nullptr, in_copy);
  static_cast<void>(installed);
  own_channel = {.memory = memory, .size = size};
  std::size_t count = 0;
  for (const int number : descriptors)
    own_channel.descriptors.at(count++) = {number, FileIdentity::of(number)};
  original = ::getpid();
  ended = nullptr;
}

void keep_all_from_copies() noexcept { own_channel.all = true; }

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
