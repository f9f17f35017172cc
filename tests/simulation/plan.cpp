#include "plan.hpp"

#include "protocol/page.hpp"

namespace brood::simulation {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// Most worlds have few kinds of faults: where everything fails at once, little is seen.
double rarely(Random& random, double low, double high) {
  return random.chance(0.25) ? random.spread(low, high) : 0;
}

Nanoseconds some_time(Random& random, double least, double most) {
  return Nanoseconds(static_cast<Nanoseconds::rep>(random.spread(least, most)));
}

// So that little is missing to the end of the ring. To fill a small one again and again takes too
// long.
std::size_t draw_age(Random& random, std::size_t capacity) {
  if (capacity < 4096 || !random.chance(0.25)) return 0;
  return protocol::WorkerPage::buffer_size - static_cast<std::size_t>(random.spread(400, 4000));
}

pool::Retries draw_retries(Random& random) {
  const auto few = [&] {
    return random.chance(0.3) ? 0 : static_cast<std::uint32_t>(random.between(1, 3));
  };
  pool::Retries retries;
  retries.crashes = few();
  retries.timeouts = few();
  retries.exceptions = few();
  return retries;
}

pool::SchedulerConfig draw_config(Random& random) {
  pool::SchedulerConfig config;
  config.workers = static_cast<std::uint32_t>(random.between(1, random.chance(0.2) ? 8 : 3));
  if (random.chance(0.2)) config.max_tasks = random.between(1, 12);
  if (random.chance(0.1)) config.chunk_bytes = 64;
  if (random.chance(0.1)) config.queue_bytes = 64;
  if (random.chance(0.2)) config.queue_elements = random.between(1, 4);
  if (random.chance(0.3))
    config.min_workers = static_cast<std::uint32_t>(random.between(0, config.workers));
  if (random.chance(0.5)) config.idle_timeout = some_time(random, 1e5, 1e8);
  if (random.chance(0.15)) config.max_age = some_time(random, 1e6, 1e9);
  config.start_timeout = milliseconds(500);
  config.start_attempts = static_cast<std::uint32_t>(random.between(1, 3));
  return config;
}

void draw_rare_faults(Parameters& parameters, Random& random) {
  parameters.ready_made = random.chance(0.3);
  parameters.watched = random.chance(0.1);
  if (parameters.watched) parameters.without_main_thread = random.spread(0.001, 0.1);
  if (parameters.watched) parameters.oversize = random.spread(0.001, 0.1);
  parameters.stops = random.chance(0.1) ? random.spread(0.001, 0.1) : 0;
  parameters.collapse = random.chance(0.02) ? random.spread(0.001, 0.1) : 0;
  parameters.lack = random.chance(0.5) ? random.unit() : 0;
  parameters.unstoppable = random.chance(0.1) ? random.unit() : 0;
  parameters.full_table = random.chance(0.3) ? random.unit() : 0;
  parameters.hang_ups =
      random.chance(parameters.callers ? 0.4 : 0.1) ? random.spread(0.01, 0.3) : 0;
}

}  // namespace

Parameters draw_parameters(Random& random) {
  Parameters parameters;
  parameters.config = draw_config(random);
  parameters.task_capacity = static_cast<std::size_t>(random.spread(256, 65536));
  parameters.result_capacity = static_cast<std::size_t>(random.spread(1024, 65536));
  parameters.old_tasks = draw_age(random, parameters.task_capacity);
  parameters.old_results = draw_age(random, parameters.result_capacity);
  parameters.jobs = static_cast<int>(random.between(1, random.chance(0.2) ? 25 : 6));
  parameters.pause = random.chance(0.3) ? 0 : random.spread(0.01, 0.7);
  parameters.notice = random.spread(0.1, 1);
  parameters.partial_read = random.chance(0.4) ? 0 : random.unit();
  parameters.user = random.spread(0.03, 0.5);
  parameters.callers = random.chance(0.15);
  if (parameters.callers) parameters.jobs = static_cast<int>(random.between(5, 25));
  parameters.patient = random.chance(parameters.callers ? 0.9 : 0.4);
  parameters.kill = rarely(random, 0.001, 0.05);
  parameters.garbage = random.chance(0.15) ? random.spread(0.001, 0.1) : 0;
  parameters.start_error = rarely(random, 0.05, 0.8);
  parameters.start_death = rarely(random, 0.05, 0.8);
  parameters.initializer_error = rarely(random, 0.05, 0.8);
  parameters.torn = random.unit() / 2;
  parameters.parts = random.chance(0.5) ? 0 : random.unit();
  parameters.outage = random.chance(0.05);
  parameters.early_end = rarely(random, 0.001, 0.1);
  parameters.slow_starts = random.chance(0.3);
  parameters.deaf = random.chance(0.25) ? random.unit() : 0;
  parameters.exhausted = random.chance(0.2) ? random.spread(0.001, 0.1) : 0;
  if (random.chance(0.5)) parameters.large_frame = static_cast<std::size_t>(random.spread(1, 2000));
  parameters.borrowing = random.chance(0.4) ? random.unit() : 0;
  parameters.handover = random.chance(0.4) ? random.unit() : 0;
  parameters.narrow = random.chance(0.5) ? random.unit() * 0.7 : 0;
  parameters.late_status = rarely(random, 0.1, 0.9);
  if (random.chance(parameters.callers ? 0.9 : 0.5))
    parameters.large_result = static_cast<std::size_t>(random.spread(1, 2000));
  parameters.desertion = random.chance(0.2) ? random.spread(0.01, 0.5) : 0;
  draw_rare_faults(parameters, random);
  parameters.blocked_death =
      random.chance(parameters.callers ? 0.7 : 0.3) ? random.spread(0.05, 0.5) : 0;
  parameters.recorded = random.chance(0.4);
  return parameters;
}

JobPlan draw_job(Random& random, const Parameters& parameters) {
  JobPlan plan;
  pool::JobTraits& traits = plan.traits;
  traits.self_contained = random.chance(parameters.callers ? 0.9 : 0.4);
  plan.batch = traits.self_contained && random.chance(parameters.callers ? 0.1 : 0.4);
  plan.single = traits.self_contained && !plan.batch;
  if (plan.single && random.chance(0.15)) {  // a worker keeps what comes with it for the job
    traits.self_contained = false;
    plan.brings = random.between(1, 5);
  }
  traits.fail_fast = !plan.batch && random.chance(0.5);
  if (random.chance(parameters.callers ? 0.05 : 0.3)) traits.timeout = some_time(random, 1e5, 1e7);
  if (random.chance(0.4)) traits.retries = draw_retries(random);
  if (random.chance(0.3)) traits.retry_delay = some_time(random, 1e3, 1e8);
  if (random.chance(0.15)) traits.key = random.below(3);
  if (random.chance(0.3)) traits.priority = static_cast<int>(random.between(0, 4)) - 2;
  if (!plan.batch && random.chance(0.3)) traits.chunk = random.between(1, 12);
  traits.cost_key = random.between(1, 3);
  const bool several = !traits.self_contained && !plan.single;
  plan.stream = several && random.chance(0.3);
  plan.folded = several && random.chance(0.15);
  plan.traits.folded = plan.folded;
  plan.fixed_arguments = random.chance(0.5);
  if (random.chance(plan.single ? 0.4 : 0.15))
    plan.padding = static_cast<std::size_t>(random.spread(50, random.chance(0.2) ? 40000 : 2000));
  traits.element_bytes = (plan.fixed_arguments ? 16 : 24) + plan.padding;
  if (several && random.chance(0.15)) plan.brings = random.between(1, 5);
  plan.result = static_cast<ResultKind>(random.below(3));
  plan.text_size = static_cast<std::size_t>(random.chance(parameters.callers ? 0.6 : 0.1)
                                                ? random.spread(1000, 40000)
                                                : random.spread(1, 200));
  plan.mean = random.spread(100, 3e6);
  plan.throws = rarely(random, 0.01, 0.5);
  plan.dies = rarely(random, 0.01, 0.5);
  plan.hangs = rarely(random, 0.01, 0.2);
  if (random.chance(0.35)) plan.listens = random.spread(0.05, 1);
  plan.carries = random.chance(0.1) ? random.spread(0.01, 0.5) : 0;
  plan.logs = random.chance(0.1) ? random.spread(0.01, 0.5) : 0;
  plan.retryable = random.chance(0.6) ? 1 : random.unit();
  return plan;
}

namespace {

constexpr const char* names[] = {"none",
                                 "drop_send",
                                 "duplicate_send",
                                 "send_out_of_sequence",
                                 "drop_resolve",
                                 "duplicate_resolve",
                                 "resolve_the_neighbour",
                                 "drop_finish",
                                 "duplicate_finish",
                                 "over_before_finish",
                                 "drop_over",
                                 "drop_start",
                                 "drop_leave",
                                 "leave_early",
                                 "drop_wake",
                                 "drop_stop",
                                 "revoke_without_the_page",
                                 "revoke_one_too_many",
                                 "forget_the_page_of_the_dead",
                                 "reap_before_the_ring_is_empty",
                                 "charge_although_idle",
                                 "forget_skipped",
                                 "lose_a_result",
                                 "try_again_in_vain",
                                 "free_a_slot_early",
                                 "wait_for_the_deaf",
                                 "see_an_end_too_soon",
                                 "send_no_signals",
                                 "write_bytes_twice",
                                 "borrowed_memory_goes_early",
                                 "give_room_early",
                                 "sleep_without_asking",
                                 "sleep_without_asking_for_room",
                                 "sleep_without_looking",
                                 "lose_a_wake_up",
                                 "forget_a_full_ring",
                                 "overwrite_unread_tasks",
                                 "show_tasks_too_early",
                                 "end_tasks_early",
                                 "lose_a_handle",
                                 "forget_a_first_start",
                                 "stop_another_worker",
                                 "forget_that_time_stood_still",
                                 "leave_a_stream_open",
                                 "end_without_a_collapse",
                                 "leave_with_the_worker",
                                 "lose_what_was_taken",
                                 "ignore_a_hang_up",
                                 "feed_what_has_hung_up",
                                 "forget_a_change",
                                 "drop_ask_to_stop",
                                 "lose_a_stop_request",
                                 "worker_loses_a_wake_up",
                                 "worker_overwrites_what_is_unread",
                                 "worker_closes_too_early",
                                 "worker_stores_the_head_first",
                                 "worker_runs_what_was_taken_back",
                                 "worker_acknowledges_an_old_fence",
                                 "worker_stamps_after_the_claim",
                                 "worker_ignores_a_forget",
                                 "worker_forgets_too_early",
                                 "worker_sleeps_without_looking",
                                 "worker_forgets_a_blocked_owner",
                                 "worker_drops_what_is_in_use",
                                 "worker_reports_with_others"};
static_assert(std::size(names) == static_cast<std::size_t>(Mutation::count));

}  // namespace

const char* name_of(Mutation mutation) { return names[static_cast<std::size_t>(mutation)]; }

}  // namespace brood::simulation
