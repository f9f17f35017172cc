// soak SECONDS [SEED]: pools under random load, kills and stalls; every task given must have one
// outcome, the right one. Prints a line of totals every ten seconds; exit code 1, and the seed,
// when something was wrong. scripts/soak builds and runs it.
#include <signal.h>
#include <spdlog/spdlog.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "soak/growth.hpp"
#include "soak/round.hpp"

namespace brood::soak {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned stall_seconds = 30;

// For the alarm's handler, which can be told nothing.
Referee* watched = nullptr;
Doings* watched_doings = nullptr;
std::uint64_t outcomes_at_last_alarm = 0;
std::uint64_t seed_of_all = 0;

void say(const char* text) { static_cast<void>(::write(1, text, std::strlen(text))); }

// Async-signal-safe calls only: signal-safety(7). snprintf is one in fact, as long as it prints
// no floating-point numbers.
void look_for_progress(int) {
  const std::uint64_t outcomes = watched->tally.outcomes();
  if (outcomes != outcomes_at_last_alarm) {
    outcomes_at_last_alarm = outcomes;
    ::alarm(stall_seconds);
    return;
  }
  char line[96];
  std::snprintf(line, sizeof line,
                "WRONG: nothing moved for %u s; seed %" PRIu64 "; callers:", stall_seconds,
                seed_of_all);
  say(line);
  for (const auto& doing : *watched_doings) {
    say(" ");
    say(doing.load());
  }
  say("\n");
  if (std::getenv("BROOD_SOAK_WAIT") != nullptr) return;  // for a debugger
  ::_exit(1);
}

void watch_for_stalls(Referee& referee, Doings& doings, std::uint64_t seed) {
  watched = &referee;
  watched_doings = &doings;
  seed_of_all = seed;
  struct sigaction action {};
  action.sa_handler = look_for_progress;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  ::alarm(stall_seconds);
}

void print_totals(const Tally& tally, std::chrono::seconds time, std::size_t resident) {
  const auto count = [](const Counter& counter) { return counter.load(); };
  std::printf("%5lld s: %" PRIu64 " tasks = %" PRIu64 " values + %" PRIu64 " exceptions + %" PRIu64
              " lost (%" PRIu64 " by kills) + %" PRIu64 " timed out + %" PRIu64
              " cancelled + %" PRIu64 " dropped + %" PRIu64 " refused; %" PRIu64 " pools, %" PRIu64
              " kills, %" PRIu64 " stalls, %" PRIu64 " cancels, %" PRIu64 " servers; %zu MiB\n",
              static_cast<long long>(time.count()), count(tally.given), count(tally.values),
              count(tally.exceptions), count(tally.lost), count(tally.innocent),
              count(tally.timed_out), count(tally.cancelled), count(tally.dropped),
              count(tally.refused), count(tally.pools), count(tally.kills), count(tally.stalls),
              count(tally.cancels), count(tally.servers), resident >> 20);
  std::fflush(stdout);
}

void run_rounds(Referee& referee, std::chrono::seconds time, std::uint64_t seed) {
  Doings doings(start_methods().size() * callers_per_pool);
  for (auto& doing : doings) doing = "nothing";
  watch_for_stalls(referee, doings, seed);
  Growth growth([&](const std::string& text) { referee.complain(text); });
  const auto start = Clock::now();
  const auto elapsed = [start] {
    return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start);
  };
  auto next_line = std::chrono::seconds(10);
  for (std::uint64_t round = 0; elapsed() < time && referee.satisfied(); ++round) {
    Round(referee, doings, seed + round).run();
    growth.check();
    if (referee.tally.given != referee.tally.outcomes())
      referee.complain("the outcomes are not as many as the tasks");
    if (elapsed() < next_line) continue;
    print_totals(referee.tally, elapsed(), growth.resident());
    next_line += std::chrono::seconds(10);
  }
  ::alarm(0);
  print_totals(referee.tally, elapsed(), growth.resident());
}

}  // namespace
}  // namespace brood::soak

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 2) {
    std::printf("usage: soak SECONDS [SEED]\n");
    return 2;
  }
  const std::chrono::seconds time(std::atoll(argv[1]));
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10)
                                      : static_cast<std::uint64_t>(std::time(nullptr));
  std::printf("soak for %lld s with seed %" PRIu64 "\n", static_cast<long long>(time.count()),
              seed);
  spdlog::set_level(spdlog::level::err);  // a warning for each pool that forks beside threads
  const brood::soak::Ledger ledger;
  brood::soak::Referee referee;
  brood::soak::run_rounds(referee, time, seed);
  std::printf(
      referee.satisfied() ? "soak: passed; seed %" PRIu64 "\n" : "soak: FAILED; seed %" PRIu64 "\n",
      seed);
  return referee.satisfied() ? 0 : 1;
}
