#include "hostile/attacks/attack.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

#include "hostile/attacks/attack_ledger.hpp"
#include "support/worker_channel.hpp"

namespace brood::hostile {

std::uint64_t Dice::near(std::uint64_t right) {
  switch (up_to(9)) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return right + 1;
    case 3:
      return right - 1;
    case 4:
      return ~std::uint64_t{0};
    case 5:
      return std::uint64_t{1} << up_to(63);
    case 6:
      return any();
    case 7:
      return right + magnitude(1000);
    case 8:
      return right - magnitude(1000);
    default:
      return right;
  }
}

std::string Dice::bytes(std::size_t count) {
  std::string made(count, '\0');
  for (char& c : made) c = static_cast<char>(any());
  return made;
}

protocol::WorkerPage& Foe::page() {
  if (page_ == nullptr) page_ = testing::own_page();
  if (page_ == nullptr) throw std::logic_error("this worker has no page");
  return *page_;
}

protocol::RunHeader Foe::run() {
  if (!run_) run_ = testing::current_run(page());
  return run_.value_or(protocol::RunHeader{});
}

// Of those that hold, one behind the other.
void combination(Foe& foe) {
  for (std::uint64_t i = 0; i <= 1 + foe.dice.up_to(2); ++i) {
    const Attack& attack = attacks()[1 + foe.dice.up_to(attacks().size() - 2)];
    const bool fits = attack.left_out == nullptr && !attack.shared && attack.strike != combination;
    if (fits) attack.strike(foe);
  }
}

namespace {

constexpr std::array table{
    Attack{"none", nullptr},
    Attack{"combination", combination},
    Attack{"page_words_random", page_words_random},
    Attack{"page_words_near", page_words_near},
    Attack{"page_anywhere", page_anywhere},
    Attack{"page_buffer", page_buffer},
    Attack{"page_clock", page_clock},
    Attack{"page_claims_nothing", page_claims_nothing},
    Attack{"page_claims_all", page_claims_all},
    Attack{"page_revoked", page_revoked},
    Attack{"page_frames", page_frames},
    Attack{"page_moves", page_moves},
    Attack{"task_words", task_words},
    Attack{"task_bytes", task_bytes},
    Attack{"task_frames", task_frames},
    Attack{"task_moves", task_moves},
    Attack{"last_words", last_words, nullptr, false, true},
    Attack{"stream_garbage", stream_garbage, nullptr, false, true},
    Attack{"stream_frames", stream_frames},
    Attack{"stream_results", stream_results},
    Attack{"stream_folded", stream_folded},
    Attack{"stream_failed", stream_failed},
    Attack{"stream_skipped", stream_skipped},
    Attack{"stream_logs", stream_logs},
    Attack{"stream_beginnings", stream_beginnings},
    Attack{"stream_truncated", stream_truncated},
    Attack{"stream_replayed", stream_replayed},
    Attack{"stream_huge", stream_huge, nullptr, false, true},
    Attack{"stream_without_end", stream_without_end},
    Attack{"pipe_wake_ups", pipe_wake_ups},
    Attack{"pipe_locked", pipe_locked},
    Attack{"pipe_descriptors", pipe_descriptors},
    Attack{"channel_garbage", channel_garbage},
    Attack{"channel_descriptors", channel_descriptors},
    Attack{"channel_oversized", channel_oversized},
    Attack{"channel_closed", channel_closed},
    Attack{"server_socket_garbage", server_socket_garbage, nullptr, false, true},
    Attack{"server_socket_wrong_kind", server_socket_wrong_kind, nullptr, false, true},
    Attack{"server_socket_oversized", server_socket_oversized, nullptr, false, true},
    Attack{"server_socket_many", server_socket_many, nullptr, false, true},
    Attack{"server_socket_closed", server_socket_closed, nullptr, false, true},
    Attack{"log_flood", log_flood, nullptr, false, true},
    Attack{"siblings_signalled", siblings_signalled, nullptr, false, true},
    Attack{"siblings_stopped", siblings_stopped, nullptr, false, true},
    Attack{"server_signalled", server_signalled, nullptr, false, true},
    Attack{"server_stopped", server_stopped, nullptr, false, true},
    Attack{"descriptors_closed", descriptors_closed},
    Attack{"descriptors_replaced", descriptors_replaced},
    Attack{"copies_write", copies_write},
    Attack{"copies_return", copies_return},
    Attack{"memory_cut", memory_cut},
    Attack{"other_program", other_program, nullptr, false, true},
    Attack{"shared_memory_cut", memory_cut, nullptr, true},
    Attack{"lease_garbage", lease_garbage, nullptr, true, true},
    Attack{"lease_wrong_kind", lease_wrong_kind, nullptr, true, true},
    Attack{"lease_strangers", lease_strangers, nullptr, true, true},
    Attack{"lease_shut_down", lease_shut_down, "any holder of a lease can end it", true},
};

}  // namespace

std::span<const Attack> attacks() { return table; }

std::size_t attack_named(const std::string& name) {
  const auto all = attacks();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Attack& attack) { return attack.name == name; });
  if (found == all.end()) throw std::out_of_range("no attack is called " + name);
  return static_cast<std::size_t>(found - all.begin());
}

std::uint64_t Order::packed() const {
  return number | std::uint64_t{attack} << 32 |
         std::uint64_t{static_cast<std::uint8_t>(ending)} << 40 | std::uint64_t{seed} << 48;
}

Order Order::unpacked(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed), static_cast<std::uint8_t>(packed >> 32),
          static_cast<Ending>(static_cast<std::uint8_t>(packed >> 40)),
          static_cast<std::uint16_t>(packed >> 48)};
}

std::uint64_t answer_to(std::uint32_t number) {
  return (number + std::uint64_t{1}) * 0x9e3779b97f4a7c15ULL;
}

namespace {

void end(Ending ending) {
  switch (ending) {
    case Ending::returns:
      return;
    case Ending::throws:
      throw std::runtime_error("hostile");
    case Ending::exits:
      ::_exit(0);
    case Ending::dies:
      ::raise(SIGKILL);
      return;
    case Ending::never_ends:
      for (;;) ::pause();
    case Ending::stops:
      ::raise(SIGSTOP);
  }
}

}  // namespace

std::uint64_t obey(std::uint64_t packed) {
  const Order order = Order::unpacked(packed);
  Ledger::begin(order.number);
  const Attack& attack = attacks()[order.attack];
  if (attack.strike != nullptr) {
    Ledger::mark_hostile(::getpid());
    Foe foe(order.seed * 256U + order.attack);
    const pid_t original = ::getpid();
    attack.strike(foe);
    // A copy only comes back: one that stays behind is hostile to its machine, not to its owner.
    if (::getpid() == original) end(order.ending);
  }
  return answer_to(order.number);
}

}  // namespace brood::hostile
