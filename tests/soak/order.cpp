#include "soak/order.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace brood::soak {

namespace {

constexpr std::size_t slots = std::size_t{1} << 23;
constexpr const char* path_variable = "BROOD_SOAK_LEDGER";  // workers inherit it

std::uint8_t* map_ledger() {
  const char* const path = std::getenv(path_variable);
  const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) std::abort();
  void* const memory = ::mmap(nullptr, slots, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) std::abort();
  return static_cast<std::uint8_t*>(memory);
}

std::atomic_ref<std::uint8_t> slot(std::uint32_t number) {
  static std::uint8_t* const ledger = map_ledger();
  return std::atomic_ref(ledger[number % slots]);
}

void compute(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

[[noreturn]] void pause_for_ever() {
  for (;;) ::pause();
}

}  // namespace

Ledger::Ledger() {
  std::string name = "/tmp/brood_soak_XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0 || ::ftruncate(file, slots) != 0) throw std::runtime_error("cannot make " + name);
  ::close(file);
  ::setenv(path_variable, name.c_str(), 1);
  path_ = name;
}
Ledger::~Ledger() { ::unlink(path_.c_str()); }
void Ledger::open_page(std::uint32_t number) noexcept { slot(number) = 0; }
void Ledger::begin(std::uint32_t number) noexcept { ++slot(number); }
unsigned Ledger::times_begun(std::uint32_t number) noexcept { return slot(number); }

std::string payload_of(std::uint32_t number, std::size_t size) {
  return std::string(size, static_cast<char>('!' + number % 89));
}

bool Answer::is_right_for(const Order& order) const {
  return number == order.number && payload == payload_of(order.number, order.answer_size);
}

Answer obey(const Order& order) {
  Ledger::begin(order.number);
  if (order.payload != payload_of(order.number, order.payload.size()))
    throw std::logic_error("the argument was damaged");
  compute(std::chrono::microseconds(order.microseconds));
  switch (order.deed) {
    case Deed::answers:
      break;
    case Deed::throws:
      throw std::runtime_error("order " + std::to_string(order.number));
    case Deed::exits:
      ::_exit(static_cast<int>(order.number % 3));
    case Deed::dies:
      std::raise(SIGUSR1);  // sanitizers handle SIGSEGV
      break;
    case Deed::computes:
      compute(std::chrono::hours(1));
      break;
    case Deed::resists:
      std::signal(SIGTERM, SIG_IGN);
      pause_for_ever();
    case Deed::pauses:
      pause_for_ever();
  }
  return {order.number, payload_of(order.number, order.answer_size)};
}

}  // namespace brood::soak
