#include "hostile/attacks/attack_campaign.hpp"

#include <poll.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include <brood/brood.hpp>
#include "hostile/attacks/attack_innocents.hpp"
#include "hostile/attacks/attack_ledger.hpp"
#include "hostile/attacks/attack_message.hpp"
#include "hostile/attacks/attack_shared.hpp"
#include "start/method.hpp"
#include "support/leak_check.hpp"
#include "support/processes.hpp"

namespace brood::hostile {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t callers = 2;
constexpr std::chrono::seconds longest_end{12}, settling_time{10};

std::array<Doing, callers + 1> doings;
char here[512];  // the campaign, for the alarm's handler

void say(const char* text) { static_cast<void>(::write(1, text, std::strlen(text))); }

// Async-signal-safe calls only: signal-safety(7).
void report_stall(int) {
  say("WRONG: ");
  say(here);
  say(": nothing moves; callers:");
  for (const auto& doing : doings) {
    say(" ");
    say(doing.what());
  }
  say("\n");
  if (std::getenv("BROOD_HOSTILE_WAIT") != nullptr) return;  // for a debugger
  ::_exit(3);
}

class Campaign {
 public:
  Campaign(const Plan& plan, Referee& referee) : plan_(plan), referee_(referee), dice_(plan.seed) {}

  void run() {
    if (plan_.only ? attacks()[*plan_.only].shared : dice_.percent(25))
      estate_ = std::make_unique<Estate>(plan_.method);
    timed_ = plan_.only ? !attacks()[*plan_.only].answers || dice_.percent(50) : dice_.percent(70);
    auto pool = std::make_unique<Pool>(options());
    for (int round = 0; round < plan_.rounds; ++round) this->round(*pool);
    doings[callers].set("the pool's end");
    const auto start = Clock::now();
    pool.reset();
    if (Clock::now() - start > longest_end) referee_.complain("the pool's end took too long");
  }

 private:
  PoolOptions options() {
    PoolOptions made{.workers = 1 + static_cast<int>(dice_.up_to(2)), .start_method = plan_.method};
    if (dice_.percent(20))
      made.max_tasks_per_worker = 1 + static_cast<std::int64_t>(dice_.magnitude(100));
    made.max_message_size = std::uint64_t{64} << 20;
    made.limits.core_size = 0;
    return made;
  }

  void round(Pool& pool) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < callers; ++i) {
      const std::uint64_t seed = dice_.any();
      threads.emplace_back([this, &pool, i, seed] {
        Innocents({pool, referee_, next_number_, doings[i], timed_}, seed).call(3);
      });
    }
    for (std::uint64_t i = 0; i <= dice_.up_to(2); ++i) attack(pool);
    for (std::thread& thread : threads) thread.join();
    Innocents after({pool, referee_, next_number_, doings[callers], timed_}, dice_.any());
    bool works = false;
    for (int attempt = 0; attempt < 20 && !works; ++attempt) works = after.works();
    if (!works) referee_.complain("the pool does not work afterwards");
    doings[callers].set("the use of shared objects afterwards");
    if (estate_) estate_->check(referee_);
  }

  Order order(bool hostile) {
    Order made{.number = next_number_++};
    if (!hostile) return made;
    made.attack = static_cast<std::uint8_t>(plan_.only.value_or(any_attack()));
    if (dice_.percent(50))
      made.ending = static_cast<Ending>(dice_.up_to((timed_ ? endings : endings_that_end) - 1));
    made.seed = static_cast<std::uint16_t>(dice_.any());
    note(attacks()[made.attack].name);
    return made;
  }

  std::size_t any_attack() {
    for (;;) {
      const std::size_t drawn = 1 + dice_.up_to(attacks().size() - 2);
      const Attack& attack = attacks()[drawn];
      const bool possible = (estate_ || !attack.shared) && (timed_ || attack.answers);
      if (possible && (plan_.all || attack.left_out == nullptr)) return drawn;
    }
  }

  void note(const char* attack) {
    const std::size_t used = std::strlen(here);
    std::snprintf(here + used, sizeof here - used, " %s", attack);
  }

  /// A hostile element alone, or among others: these are judged.
  void attack(Pool& pool) {
    doings[callers].set("an attack");
    const auto start = Clock::now();
    CallOptions terms;
    if (timed_) terms.timeout = milliseconds(150 + dice_.up_to(150));
    try {
      if (estate_ && dice_.percent(60)) {
        pool.with(terms).apply(obey_with, order(true).packed(), estate_->array(), estate_->queue(),
                               estate_->value());
      } else if (dice_.percent(40)) {
        pool.with(terms).apply(obey, order(true).packed());
      } else {
        among_others(pool.with(terms));
      }
    } catch (const std::exception&) {  // whatever it is, it has ended
    }
    if (Clock::now() - start > longest_call) referee_.complain("an attack took too long");
  }

  void among_others(const PoolCalls& calls) {
    std::vector<std::uint64_t> orders(2 + dice_.magnitude(100));
    const std::size_t place = dice_.up_to(orders.size() - 1);
    for (std::size_t i = 0; i < orders.size(); ++i) orders[i] = order(i == place).packed();
    const auto outcomes = calls.try_map(obey, orders);
    for (std::size_t i = 0; i < orders.size(); ++i) {
      const std::uint32_t number = Order::unpacked(orders[i]).number;
      if (i == place) continue;
      if (outcomes[i]) {
        referee_.judge(number, outcomes[i].value() == answer_to(number));
      } else {
        referee_.judge(std::span(&number, 1), outcomes[i].error());
      }
    }
  }

  const Plan& plan_;
  Referee& referee_;
  Dice dice_;
  std::unique_ptr<Estate> estate_;
  bool timed_ = true;
  std::atomic<std::uint32_t> next_number_{1};
};

std::string described(const Plan& plan) {
  return "seed " + std::to_string(plan.seed) + " " + plan.method;
}

// Copies of hostile processes that have lost their parents have become ours.
void expect_nothing_left(const testing::Belongings& before, Referee& referee) {
  const auto end = Clock::now() + settling_time;
  testing::Belongings now = testing::Belongings::now();
  while (!(now == before) && Clock::now() < end) {
    if (::waitpid(-1, nullptr, WNOHANG) <= 0) ::poll(nullptr, 0, 1);
    now = testing::Belongings::now();
  }
  if (now.descriptors != before.descriptors) referee.complain("descriptors are left");
  if (now.children != before.children) referee.complain("processes are left");
  if (now.threads != before.threads) referee.complain("threads are left");
}

// Written as to a terminal, in colours, and never seen.
void be_quiet() {
  static std::FILE* const nowhere = std::fopen("/dev/null", "we");
  using Sink = spdlog::sinks::ansicolor_sink<spdlog::details::console_mutex>;
  spdlog::default_logger()->sinks().assign(
      1, std::make_shared<Sink>(nowhere, spdlog::color_mode::always));
}

}  // namespace

bool carry_out(const Plan& plan) {
  const Ledger ledger;
  Referee referee(described(plan));
  std::snprintf(here, sizeof here, "%s:", described(plan).c_str());
  for (auto& doing : doings) doing.set("nothing");
  std::signal(SIGALRM, report_stall);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::setenv("BROOD_HOSTILE_OWNER", std::to_string(::getpid()).c_str(), 1);
  const testing::StalledPeer peer;
  ::setenv(stalled_peer, std::to_string(peer.port()).c_str(), 1);
  if (!plan.verbose) be_quiet();
  const testing::Belongings before = testing::Belongings::now();
  Campaign(plan, referee).run();
  start::drop_forkserver();
  expect_nothing_left(before, referee);
  ::alarm(0);
  if (!referee.satisfied()) std::printf("%s\n", here);
  return referee.satisfied();
}

bool carry_out_apart(const Plan& plan) {
  std::fflush(stdout);
  const pid_t pid = ::fork();
  if (pid == 0) {
    int code = 101;
    try {
      code = carry_out(plan) ? 0 : 1;
    } catch (const std::exception& error) {
      std::printf("WRONG: %s: %s\n", described(plan).c_str(), error.what());
    }
    std::fflush(stdout);
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status))
    std::printf("WRONG: %s: the owner died by signal %d\n", described(plan).c_str(),
                WTERMSIG(status));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace brood::hostile
