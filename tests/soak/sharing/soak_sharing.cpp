// soak_sharing SECONDS [SEED]: processes of every start method that share queues and locks, in
// memory and in a manager's server, while some are killed and stalled. What was put is got once; a
// process that was killed may have taken one value with it; no lock is held by two. Exit code 1,
// and the seed, when something was wrong. scripts/soak --sharing builds and runs it.
#include <spdlog/spdlog.h>

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "soak/growth.hpp"
#include "soak/sharing/client.hpp"
#include "support/dice.hpp"

namespace brood::soak {
namespace {

using testing::Dice;

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t living = 4;  // clients at a time
constexpr unsigned stall_seconds = 60;

struct Totals {
  std::uint64_t rounds = 0, put = 0, got = 0, taken = 0, kills = 0, stalls = 0, complaints = 0;
};

class Round {
 public:
  Round(Totals& totals, std::string method, std::uint64_t seed)
      : totals_(totals),
        method_(std::move(method)),
        dice_(seed),
        manager_({.start_method = method_}),
        shared_{Queue<std::uint32_t>(std::size_t{dice_.magnitude(64)}),
                manager_.queue<std::uint32_t>(dice_.magnitude(64)),
                Lock(),
                manager_.lock(),
                Value<std::uint32_t>(0),
                Value<std::uint32_t>(0),
                Array<std::uint8_t>(clients_per_round * values_per_client),
                Array<std::uint8_t>(clients_per_round * values_per_client),
                Value<std::uint32_t>(0),
                Event()} {}
  void run() {
    for (std::size_t i = 0; i < living; ++i) start_client();
    const auto end = Clock::now() + std::chrono::milliseconds(200 + dice_.up_to(2000));
    while (Clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(dice_.magnitude(100)));
      harm_one();
    }
    shared_.over.set();
    for (Process& client : clients_) client.join();
    judge();
  }

 private:
  void start_client() {
    if (started_ == clients_per_round) return;
    clients_.emplace_back(ProcessOptions{.start_method = method_}, client, shared_,
                          static_cast<std::uint32_t>(started_++), dice_.up_to(~std::uint64_t{0}));
    clients_.back().start();
  }
  void harm_one() {
    if (clients_.empty()) return;
    const std::size_t which = dice_.up_to(clients_.size() - 1);
    Process& client = clients_[which];
    if (dice_.percent(50)) {
      ++totals_.stalls;
      ::kill(client.pid(), SIGSTOP);
      std::this_thread::sleep_for(std::chrono::milliseconds(dice_.magnitude(100)));
      ::kill(client.pid(), SIGCONT);
      return;
    }
    client.kill();
    client.join();
    clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(which));
    ++kills_;
    start_client();
  }
  void judge() {
    drain(shared_.queue);
    drain(shared_.managed);
    std::uint64_t taken = 0, put = 0, got = 0;
    for (std::size_t value = 0; value < shared_.marks.size(); ++value) {
      const auto mark = static_cast<Mark>(shared_.marks[value]);
      const unsigned times = shared_.got[value];
      put += mark == Mark::put;
      got += times;
      taken += mark == Mark::put && times == 0;
      if (times > 1) complain("a value was got twice");
      if (times != 0 && mark == Mark::none) complain("a value was got that was not put");
    }
    if (taken > kills_) complain(std::to_string(taken) + " values are gone");
    if (shared_.violations.get() != 0) complain("two processes held a lock");
    totals_.put += put;
    totals_.got += got;
    totals_.taken += taken;
    totals_.kills += kills_;
    ++totals_.rounds;
  }
  template <class Queue>
  void drain(const Queue& queue) {
    while (const auto value = queue.try_get()) note_got(shared_, *value);
  }
  void complain(const std::string& text) {
    ++totals_.complaints;
    std::printf("WRONG (%s): %s\n", method_.c_str(), text.c_str());
  }

  Totals& totals_;
  const std::string method_;
  Dice dice_;
  const Manager manager_;
  const Shared shared_;
  std::vector<Process> clients_;
  std::size_t started_ = 0;
  std::uint64_t kills_ = 0;
};

void print_totals(const Totals& totals, std::size_t resident) {
  std::printf("%" PRIu64 " rounds: %" PRIu64 " put, %" PRIu64 " got, %" PRIu64 " taken by %" PRIu64
              " kills; %" PRIu64 " stalls; %zu MiB\n",
              totals.rounds, totals.put, totals.got, totals.taken, totals.kills, totals.stalls,
              resident >> 20);
  std::fflush(stdout);
}

bool run_rounds(std::chrono::seconds time, std::uint64_t seed) {
  Totals totals;
  Growth growth([&](const std::string& text) {
    ++totals.complaints;
    std::printf("WRONG: %s\n", text.c_str());
  });
  const auto start = Clock::now();
  auto next_line = start + 10s;
  const std::vector<std::string> methods = start_methods();
  for (std::uint64_t i = 0; Clock::now() < start + time && totals.complaints == 0; ++i) {
    ::alarm(stall_seconds);  // its default action ends a soak in which nothing moves
    for (std::size_t m = 0; m < methods.size(); ++m)
      Round(totals, methods[m], seed + i * methods.size() + m).run();
    growth.check();
    if (Clock::now() < next_line) continue;
    print_totals(totals, growth.resident());
    next_line += 10s;
  }
  ::alarm(0);
  print_totals(totals, growth.resident());
  return totals.complaints == 0;
}

}  // namespace
}  // namespace brood::soak

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 2) {
    std::printf("usage: soak_sharing SECONDS [SEED]\n");
    return 2;
  }
  const std::chrono::seconds time(std::atoll(argv[1]));
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10)
                                      : static_cast<std::uint64_t>(std::time(nullptr));
  std::printf("soak of what is shared for %lld s with seed %" PRIu64 "\n",
              static_cast<long long>(time.count()), seed);
  spdlog::set_level(spdlog::level::err);
  const bool passed = brood::soak::run_rounds(time, seed);
  std::printf("soak: %s; seed %" PRIu64 "\n", passed ? "passed" : "FAILED", seed);
  return passed ? 0 : 1;
}
