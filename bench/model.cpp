// brood_model: how many workers one dispatcher keeps busy. The real scheduler, and workers and a
// dispatcher that are numbers: docs/performance.md, "Many workers", has the model.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "pool/scheduler/scheduler.hpp"

namespace {

using namespace brood::pool;
using Kind = Action::Kind;

/// What the dispatcher's thread takes, ns. The row `dispatcher` of brood_bench measures both.
struct Costs {
  double element = 450;   // to read its result, and to hand it over
  double report = 21500;  // a wake-up, a turn, and to send the worker more
};

/// One worker: the chunks that it holds, and when it reports what.
struct Worker {
  struct Chunk {
    Assignment assignment;
    Time begins, ends;
  };
  std::deque<Chunk> chunks;
  Time idle_from{};                    // when it has done what it has
  std::optional<std::uint64_t> fence;  // of a revocation that it has not acknowledged
};

/// A pool with a map of elements of one length over workers that each have a core.
class World {
 public:
  World(std::uint32_t workers, Nanoseconds length, Costs costs)
      : length_(length), costs_(costs), scheduler_(config_of(workers)), workers_(workers) {}

  struct Result {
    double busy;        // of what the workers could do
    double dispatcher;  // of the time
    double per_second;  // elements
  };
  Result run(std::size_t per_worker) {
    start();
    const Time began = now_;
    JobTraits traits;
    traits.cost_key = 1;
    traits.element_bytes = 8;
    job_ = scheduler_.add(traits, per_worker * workers_.size(), Input::ends);
    pump();
    while (!reports_.empty()) take_report();
    const double time = seconds(now_ - began);
    const auto elements = static_cast<double>(per_worker * workers_.size());
    return {elements * seconds(length_) / static_cast<double>(workers_.size()) / time,
            seconds(spent_) / time, elements / time};
  }

 private:
  static SchedulerConfig config_of(std::uint32_t workers) {
    SchedulerConfig config;
    config.workers = workers;
    return config;
  }
  static double seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }
  static Nanoseconds whole(double ns) { return Nanoseconds(static_cast<Nanoseconds::rep>(ns)); }

  // The function has been timed before.
  void start() {
    scheduler_.pump(now_);
    while (scheduler_.next()) {
    }
    for (WorkerId id = 0; id < workers_.size(); ++id) {
      scheduler_.worker_event(id, WorkerEvent::started, now_);
      scheduler_.worker_event(id, WorkerEvent::ready, now_);
    }
    JobTraits traits;
    traits.cost_key = 1;
    job_ = scheduler_.add(traits, 1, Input::ends);
    pump();
    take_report();
    spent_ = {};
  }
  void spend(double ns) {
    now_ += whole(ns);
    spent_ += whole(ns);
  }
  void pump() {
    scheduler_.pump(now_);
    while (const auto action = scheduler_.next()) {
      if (action->kind == Kind::send) send(action->assignment);
      if (action->kind == Kind::over) scheduler_.let_go(action->job);
      if (action->kind == Kind::look || action->kind == Kind::revoke) answer(*action);
    }
  }
  // It reports when it has half a millisecond of elements done, or nothing more to do.
  void send(const Assignment& assignment) {
    Worker& worker = workers_[assignment.worker];
    const Time begins = std::max(now_, worker.idle_from);
    worker.idle_from = begins + length_ * static_cast<Nanoseconds::rep>(assignment.count);
    worker.chunks.push_back({assignment, begins, worker.idle_from});
    reports_.emplace(worker.idle_from, assignment.worker);
  }
  // How much the worker has begun by now; where it is to give back the rest, it keeps no more.
  void answer(const Action& question) {
    Worker& worker = workers_[question.worker];
    const bool revokes = question.kind == Kind::revoke;
    std::uint64_t begun = 0;
    for (Worker::Chunk& chunk : worker.chunks) {
      const auto count = static_cast<Nanoseconds::rep>(chunk.assignment.count);
      const auto here =
          chunk.begins > now_ ? 0 : std::min((now_ - chunk.begins) / length_ + 1, count);
      if (here != 0) begun = chunk.assignment.sequence + static_cast<std::uint64_t>(here);
      if (!revokes) continue;
      chunk.assignment.count = static_cast<std::size_t>(here);
      worker.idle_from = chunk.ends = chunk.begins + length_ * here;
    }
    if (revokes) {
      std::erase_if(worker.chunks, [](const auto& chunk) { return chunk.assignment.count == 0; });
      worker.idle_from = worker.chunks.empty() ? now_ : worker.chunks.back().ends;
      worker.fence = question.fence;
      reports_.emplace(worker.idle_from, question.worker);
    }
    scheduler_.answer(question.worker, {begun});
  }
  // The dispatcher takes what has been reported by the time that it has time.
  void take_report() {
    const auto [time, id] = *reports_.begin();
    reports_.erase(reports_.begin());
    Worker& worker = workers_[id];
    const bool acknowledges = worker.fence && worker.idle_from <= time;
    const bool reports = !worker.chunks.empty() && worker.chunks.front().ends <= time;
    if (!acknowledges && !reports) return;  // told with others
    now_ = std::max(now_, time);
    spend(costs_.report);
    while (!worker.chunks.empty() && worker.chunks.front().ends <= now_) {
      const Assignment done = worker.chunks.front().assignment;
      worker.chunks.pop_front();
      spend(costs_.element * static_cast<double>(done.count));
      const Nanoseconds elapsed = length_ * static_cast<Nanoseconds::rep>(done.count);
      scheduler_.outcomes(
          id,
          {done.job, done.first, done.count, static_cast<std::uint64_t>(elapsed.count()), false},
          now_);
    }
    if (worker.fence && worker.chunks.empty())
      scheduler_.revocation_done(id, *std::exchange(worker.fence, std::nullopt));
    pump();
  }

  Nanoseconds length_;
  Costs costs_;
  Scheduler scheduler_;
  std::vector<Worker> workers_;
  std::multimap<Time, WorkerId> reports_;
  Time now_{std::chrono::seconds(1000)};
  Nanoseconds spent_{};  // by the dispatcher
  JobId job_ = 0;
};

/// What the scheduler itself takes for a call beside idle workers, ns.
double cost_of_a_call(std::uint32_t workers, int calls) {
  SchedulerConfig config;
  config.workers = workers;
  Scheduler scheduler(config);
  Time now{std::chrono::seconds(1000)};
  scheduler.pump(now);
  while (scheduler.next()) {
  }
  for (WorkerId id = 0; id < workers; ++id) {
    scheduler.worker_event(id, WorkerEvent::started, now);
    scheduler.worker_event(id, WorkerEvent::ready, now);
  }
  JobTraits traits;
  traits.self_contained = true;
  const auto turn = [&] {
    scheduler.pump(now);
    std::optional<Assignment> sent;
    while (const auto action = scheduler.next()) {
      if (action->kind == Kind::send) sent = action->assignment;
      if (action->kind == Kind::over) scheduler.let_go(action->job);
    }
    if (scheduler.view().next_tick()) now += Nanoseconds(1);
    return sent;
  };
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) {
    const JobId job = scheduler.add(traits, 1, Input::ends);
    const auto sent = turn();
    now += std::chrono::microseconds(1);
    scheduler.outcomes(sent->worker, {job, 0, 1, 1000, false}, now);
    turn();
  }
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
  return time.count() / calls;
}

void print_costs() {
  std::puts("| workers | the scheduler's time for a call, the others idle |\n|---|---|");
  for (const std::uint32_t workers : {1U, 10U, 100U, 1000U, 10'000U})
    std::printf("| %u | %.0f ns |\n", workers,
                cost_of_a_call(workers, workers > 1000 ? 5000 : 50'000));
}

void print_model(const Costs& costs) {
  std::puts(
      "\n| cores | length of an element | workers are busy | the dispatcher is busy | elements a "
      "second |\n"
      "|---|---|---|---|---|");
  for (const std::uint32_t workers : {16U, 64U, 256U, 1024U}) {
    for (const std::int64_t microseconds : {1, 10, 100, 1000, 10'000}) {
      World world(workers, std::chrono::microseconds(microseconds), costs);
      const auto each =
          static_cast<std::size_t>(std::max<std::int64_t>(100'000 / microseconds, 20));
      const World::Result result = world.run(each);
      std::printf("| %u | %lld µs | %.0f %% | %.0f %% | %.0f |\n", workers,
                  static_cast<long long>(microseconds), 100 * result.busy, 100 * result.dispatcher,
                  result.per_second);
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Says how many workers one dispatcher keeps busy");
  Costs costs;
  app.add_option("--element", costs.element, "ns of the dispatcher for the result of an element");
  app.add_option("--report", costs.report, "ns of the dispatcher for a report and what follows");
  CLI11_PARSE(app, argc, argv);
  print_costs();
  print_model(costs);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "brood_model: %s\n", error.what());
  return 1;
}
