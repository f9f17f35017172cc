#include "soak/round.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "support/processes.hpp"

namespace brood::soak {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Of one pool in one round: fewer than would make it give its tasks up with a StartError.
constexpr int most_starting_killed = 2;

const WorkerInfo* find(const std::vector<WorkerInfo>& workers, int pid) {
  const auto same = [pid](const WorkerInfo& worker) { return worker.pid == pid; };
  const auto found = std::find_if(workers.begin(), workers.end(), same);
  return found == workers.end() ? nullptr : &*found;
}

}  // namespace

Round::Round(Referee& referee, Doings& doings, std::uint64_t seed)
    : referee_(referee), doings_(doings), dice_(seed) {
  for (const std::string& method : start_methods()) {
    arenas_.push_back(std::make_unique<Arena>());
    arenas_.back()->pool = std::make_unique<Pool>(options(method));
    ++referee_.tally.pools;
  }
}

Round::~Round() = default;

PoolOptions Round::options(const std::string& method) {
  PoolOptions made{.workers = 1 + static_cast<int>(dice_.up_to(3)), .start_method = method};
  if (dice_.percent(50))
    made.max_tasks_per_worker = 1 + static_cast<std::int64_t>(dice_.magnitude(500));
  if (dice_.percent(30)) made.min_workers = static_cast<int>(dice_.up_to(1));
  if (dice_.percent(30)) made.idle_timeout = milliseconds(1 + dice_.magnitude(200));
  if (dice_.percent(20)) made.max_worker_age = milliseconds(10 + dice_.magnitude(1000));
  made.limits.core_size = 0;
  return made;
}

void Round::start_callers() {
  std::size_t number = 0;
  for (const auto& arena : arenas_) {
    for (std::size_t i = 0; i < callers_per_pool; ++i) {
      const Caller::Place place{*arena->pool, referee_, arena->ending, arena->enough,
                                doings_[number++]};
      const std::uint64_t seed = dice_.up_to(~std::uint64_t{0});
      arena->callers.emplace_back([place, seed] { Caller(place, seed).run(); });
    }
  }
}

void Round::run() {
  const std::uint64_t killed_before = referee_.tally.kills;
  const std::uint64_t innocent_before = referee_.tally.innocent;
  start_callers();
  harass();
  for (const auto& arena : arenas_) end(*arena);
  if (referee_.tally.innocent - innocent_before > referee_.tally.kills - killed_before)
    referee_.complain("more tasks were lost than workers killed");
}

void Round::harass() {
  const auto end = Clock::now() + milliseconds(200 + dice_.up_to(3000));
  while (Clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(dice_.magnitude(100)));
    harm_one();
  }
}

// A pidfd, and a second look behind it: the signal must not reach a process that was never ours.
void Round::harm_one() {
  if (dice_.percent(2)) return kill_the_server();
  Arena& arena = *arenas_[dice_.up_to(arenas_.size() - 1)];
  const std::vector<WorkerInfo> workers = arena.pool->workers();
  if (workers.empty()) return;
  const testing::Watched process(workers[dice_.up_to(workers.size() - 1)].pid);
  const std::vector<WorkerInfo> now = arena.pool->workers();
  const WorkerInfo* const worker = find(now, process.pid());
  if (worker == nullptr) return;
  if (dice_.percent(40)) {
    ++referee_.tally.stalls;
    process.signal(SIGSTOP);
    std::this_thread::sleep_for(milliseconds(dice_.magnitude(200)));
    process.signal(SIGCONT);
    return;
  }
  if (worker->state == "starting" && ++arena.starting_killed > most_starting_killed) return;
  ++referee_.tally.kills;
  process.signal(SIGKILL);
}

// Its workers go on, and the next start makes a new one: this thread sees to it that there is one.
void Round::kill_the_server() {
  if (std::exchange(server_killed_, true)) return;  // a start in flight fails: one in a round
  for (const auto& arena : arenas_) {
    const std::vector<WorkerInfo> workers = arena->pool->workers();
    if (workers.empty() || !workers.front().name.starts_with("ForkServer")) continue;
    const testing::Watched server(testing::parent_of(workers.front().pid));
    if (testing::parent_of(workers.front().pid) != server.pid() || server.pid() == ::getpid())
      continue;
    ++referee_.tally.servers;
    server.signal(SIGKILL);
    Pool next({.workers = 1, .start_method = "forkserver"});
    next.apply(::getpid);
  }
}

void Round::join_callers(Arena& arena) {
  arena.enough = true;
  for (std::thread& caller : arena.callers) caller.join();
  arena.callers.clear();
}

void Round::end(Arena& arena) {
  if (dice_.percent(30)) join_callers(arena);
  arena.ending = true;
  switch (dice_.up_to(2)) {
    case 0:
      arena.pool->close();
      arena.pool->join();
      break;
    case 1:
      arena.pool->terminate();
      arena.pool->join();
      break;
    default:
      break;
  }
  join_callers(arena);  // no pool may be used while it is destroyed
  arena.pool.reset();
}

}  // namespace brood::soak
