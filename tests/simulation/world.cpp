#include "world.hpp"

#include <algorithm>
#include <utility>

namespace brood::simulation {

namespace {
constexpr std::uint64_t most_steps = 3'000'000;
}

World::World(std::uint64_t seed, Mutation mutation, bool trace)
    : environment_([&] {
        Environment environment(seed);
        environment.parameters = draw_parameters(environment.random);
        environment.parameters.mutation = mutation;
        environment.trace = trace;
        return environment;
      }()),
      referee_(environment_),
      owner_(
          environment_, referee_, [this] { elsewhere(); }, [this] { unlocked(); }),
      to_submit_(environment_.parameters.jobs) {}

void World::run() {
  live();
  calm_down();
  referee_.check_the_end();
  owner_.check_records();
}

// With faults, until the users have nothing more to do.
void World::live() {
  const std::uint64_t last = environment_.random.between(50, 4000);
  while (steps_ < last && !owner_.finished()) {
    if (to_submit_ == 0 && referee_.idle() && environment_.random.chance(0.05)) break;
    if (environment_.random.chance(environment_.parameters.kill)) kill_a_process();
    if (environment_.random.chance(environment_.parameters.without_main_thread))
      end_a_main_thread();
    if (environment_.random.chance(environment_.parameters.stops)) stand_still();
    if (environment_.random.chance(environment_.parameters.user) && step_of_a_user()) continue;
    if (!step() && !step_of_a_user()) break;  // all else waits for users
  }
}

// No more faults: everything must come to its end.
void World::calm_down() {
  environment_.say("calm");
  environment_.calm = true;
  if (!closed_ && !owner_.finished()) {
    end_streams();
    if (environment_.random.chance(0.7)) {
      while (!referee_.idle() && !owner_.finished()) must_step();
    }
    if (environment_.random.chance(0.7)) {
      owner_.close();
    } else {
      owner_.terminate();
    }
  }
  if (!owner_.finished()) end_streams();
  while (!owner_.finished()) must_step();
  while (owner_.is_driven()) must_step_of_a_caller();
}

// Their readers say so, or wait for the end of the pool.
void World::end_streams() {
  const std::vector<JobId> streams = std::exchange(streams_, {});
  if (environment_.random.chance(0.3)) return owner_.join(streams);
  for (const JobId job : streams) owner_.extend(job, 0, true);
}

// Of a pool that has collapsed.
void World::must_step_of_a_caller() {
  referee_.rethrow();
  if (!step_of_a_caller()) throw Violation("no progress: a caller waits for a pool that has ended");
}

void World::must_step() {
  if (!step()) throw Violation("no progress: nothing can happen any more");
}

// False if nothing can happen.
bool World::step() {
  referee_.rethrow();
  owner_.check_sleepers();
  if (++steps_ > most_steps) throw Violation("no progress: too many steps");
  Random& random = environment_.random;
  if (random.chance(0.02) && pass_time()) return true;
  if (owner_.has_work() && random.chance(0.3)) {
    owner_.turn();
    return true;
  }
  if (random.chance(0.5) && step_of_a_caller()) return true;
  if (step_of_a_process() || step_of_a_caller()) return true;
  if (!owner_.has_work()) return pass_time();
  owner_.turn();
  return true;
}

bool World::step_of_a_process() {
  Process* chosen = nullptr;
  std::uint64_t seen = 0;
  for (WorkerId worker = 0; worker < owner_.slots(); ++worker) {
    Link* const link = owner_.link(worker);
    if (link == nullptr || !link->process->alive() || !link->process->runnable()) continue;
    if (environment_.random.below(++seen) == 0) chosen = link->process.get();
  }
  if (chosen == nullptr) return false;
  chosen->run();
  referee_.rethrow();
  return true;
}

bool World::step_of_a_caller() {
  for (WorkerId worker = 0; worker < owner_.slots(); ++worker) {
    if (owner_.step_of_caller(worker)) return true;
  }
  return false;
}

// While the owner is busy, another part may get on.
void World::elsewhere() {
  if (environment_.random.chance(0.1)) step_of_a_process();
}

// While the owner is about to carry something out.
void World::unlocked() {
  if (environment_.calm || !environment_.random.chance(environment_.parameters.handover)) return;
  if (!step_of_a_user()) step_of_a_caller();
}

// To the next moment at which something can happen; or not quite so far.
bool World::pass_time() {
  std::optional<Time> next = owner_.next_time();
  for (WorkerId worker = 0; worker < owner_.slots(); ++worker) {
    const Link* const link = owner_.link(worker);
    if (link == nullptr || !link->process->alive() ||
        link->process->waits_for() != Process::Wait::sleeping)
      continue;
    const Time wakes = link->process->wakes_at();
    if (wakes > environment_.now && (!next || wakes < *next)) next = wakes;
  }
  if (!next || *next <= environment_.now) return false;
  environment_.now = *next;
  return true;
}

void World::kill_a_process() {
  const auto slot = static_cast<WorkerId>(environment_.random.below(owner_.slots()));
  Link* const link = owner_.link(slot);
  if (link == nullptr || !link->process->alive()) return;
  environment_.say("worker %u is killed from outside", link->process->slot);
  link->process->kill();
}

void World::end_a_main_thread() {
  const auto slot = static_cast<WorkerId>(environment_.random.below(owner_.slots()));
  Link* const link = owner_.link(slot);
  if (link == nullptr || !link->process->alive()) return;
  environment_.say("the main thread of worker %u ends", slot);
  ++environment_.census.without_main_thread;
  referee_.without_main_thread(*link->process);
  link->process->lose_main_thread();
}

// Longer than most limits.
void World::stand_still() {
  owner_.stand_still(
      Nanoseconds(static_cast<Nanoseconds::rep>(environment_.random.spread(1e6, 1e10))));
}

bool World::step_of_a_user() {
  Random& random = environment_.random;
  if (!closed_ && random.chance(environment_.parameters.early_end)) {
    closed_ = true;
    if (random.chance(0.5)) {
      owner_.close();
    } else {
      owner_.terminate();
    }
    return true;
  }
  if (random.chance(0.05)) environment_.parameters.outage = false;
  const bool waits = environment_.parameters.patient && !referee_.idle();
  if (!closed_ && to_submit_ > 0 && !waits && random.chance(0.3)) {
    submit();
    return true;
  }
  if (jobs_.empty()) return false;
  touch(jobs_[random.below(jobs_.size())]);
  return true;
}

void World::submit() {
  --to_submit_;
  Random& random = environment_.random;
  JobPlan plan = draw_job(random, environment_.parameters);
  plan.borrows = !plan.batch && !plan.stream && random.chance(environment_.parameters.borrowing);
  if (plan.single) {
    const bool waits = random.chance(environment_.parameters.callers ? 0.95 : 0.6);
    jobs_.push_back(waits ? owner_.call(plan) : owner_.add(plan, 1, true));
    return;
  }
  const auto count = static_cast<std::size_t>(random.spread(1, 60)) - (random.chance(0.1) ? 1 : 0);
  jobs_.push_back(owner_.add(plan, plan.stream ? 0 : count, !plan.stream));
  if (plan.stream) streams_.push_back(jobs_.back());
}

// Extends a stream, or cancels.
void World::touch(JobId job) {
  Random& random = environment_.random;
  const auto stream = std::find(streams_.begin(), streams_.end(), job);
  if (stream != streams_.end() && random.chance(0.9)) {
    const bool last = random.chance(0.1);
    if (last) streams_.erase(stream);
    owner_.extend(job, random.below(8), last);
  } else if (referee_.plan(job).batch) {
    if (referee_.size(job) != 0)
      owner_.cancel(job, random.below(referee_.size(job)), random.chance(0.5));
  } else if (random.chance(0.25)) {
    owner_.cancel(job, random.chance(0.5));
  }
}

}  // namespace brood::simulation
