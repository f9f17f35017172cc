#include "hostile/attacks/attack_ledger.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace brood::hostile {

namespace {

constexpr const char* path_variable = "BROOD_HOSTILE_LEDGER";  // workers inherit it
constexpr std::size_t most_hostile = 4096;

struct Pages {
  std::array<std::atomic<int>, Ledger::slots> runners;
  std::array<std::atomic<int>, most_hostile> hostile;
  std::atomic<std::uint32_t> hostile_count;
  std::atomic<bool> server;
};

Pages* map_pages() {
  const char* const path = std::getenv(path_variable);
  const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) std::abort();
  void* const memory = ::mmap(nullptr, sizeof(Pages), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) std::abort();
  return static_cast<Pages*>(memory);
}

Pages& pages() {
  static Pages* const mapped = map_pages();
  return *mapped;
}

std::uint32_t hostile_count() {
  return std::min<std::uint32_t>(pages().hostile_count, most_hostile);
}

}  // namespace

Ledger::Ledger() {
  std::string name = "/tmp/brood_hostile_XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0 || ::ftruncate(file, sizeof(Pages)) != 0)
    throw std::runtime_error("cannot make " + name);
  ::close(file);
  ::setenv(path_variable, name.c_str(), 1);
}
Ledger::~Ledger() { ::unlink(std::getenv(path_variable)); }

void Ledger::clear() noexcept {
  for (auto& runner : pages().runners) {
    if (runner.load(std::memory_order_relaxed) != 0) runner = 0;
  }
  pages().hostile_count = 0;
  pages().server = false;
}
void Ledger::begin(std::uint32_t number) noexcept { pages().runners[number % slots] = ::getpid(); }
int Ledger::runner(std::uint32_t number) noexcept { return pages().runners[number % slots]; }
void Ledger::mark_hostile(int pid) noexcept {
  const std::uint32_t place = pages().hostile_count.fetch_add(1);
  if (place < most_hostile) pages().hostile[place] = pid;
}
bool Ledger::is_hostile(int pid) noexcept {
  const auto& all = pages().hostile;
  return std::find(all.begin(), all.begin() + hostile_count(), pid) !=
         all.begin() + hostile_count();
}
bool Ledger::any_hostile() noexcept { return hostile_count() != 0; }
void Ledger::mark_server() noexcept { pages().server = true; }
bool Ledger::server_struck() noexcept { return pages().server; }

}  // namespace brood::hostile
