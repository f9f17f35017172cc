#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "pool/scheduler/types.hpp"
#include "random.hpp"

// What one world is made of; all of it follows from its seed.
namespace brood::simulation {

using pool::JobId;
using pool::Nanoseconds;
using pool::Time;
using pool::WorkerId;

/// An invariant does not hold.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class ResultKind : std::uint8_t { nothing, number, text };

struct JobPlan {
  pool::JobTraits traits;
  bool folded = false;  // one result for several elements
  bool batch = false;   // calls that travel together, each with its own end
  bool single = false;  // one element, whose argument fills its frame
  bool stream = false;
  bool borrows = false;  // its caller's memory: its end is the dispatcher's to tell
  bool fixed_arguments = true;
  std::size_t padding = 0;  // bytes of an argument behind its numbers
  std::size_t brings = 0;   // handles of shared objects that each worker gets once
  ResultKind result = ResultKind::number;
  std::size_t text_size = 0;  // bytes, at most
  double mean = 1e4;          // ns of an element
  double throws = 0, dies = 0, hangs = 0, logs = 0, carries = 0;
  double retryable = 1;  // of what is thrown
  double listens = 0;    // to its stop token
};

/// Errors in the owner, in what it does or is told, or in a worker, that the invariants must
/// notice: the simulator's own test.
enum class Mutation : std::uint8_t {
  none,
  drop_send,
  duplicate_send,
  send_out_of_sequence,
  drop_resolve,
  duplicate_resolve,
  resolve_the_neighbour,
  drop_finish,
  duplicate_finish,
  over_before_finish,
  drop_over,
  drop_start,
  drop_leave,
  leave_early,
  drop_wake,
  drop_stop,
  revoke_without_the_page,
  revoke_one_too_many,
  forget_the_page_of_the_dead,
  reap_before_the_ring_is_empty,
  charge_although_idle,
  forget_skipped,
  lose_a_result,
  try_again_in_vain,
  free_a_slot_early,
  wait_for_the_deaf,
  see_an_end_too_soon,
  send_no_signals,
  write_bytes_twice,
  borrowed_memory_goes_early,
  give_room_early,
  sleep_without_asking,
  sleep_without_asking_for_room,
  sleep_without_looking,
  lose_a_wake_up,
  forget_a_full_ring,
  overwrite_unread_tasks,
  show_tasks_too_early,
  end_tasks_early,
  lose_a_handle,
  forget_a_first_start,
  stop_another_worker,
  forget_that_time_stood_still,
  leave_a_stream_open,
  end_without_a_collapse,
  leave_with_the_worker,
  lose_what_was_taken,
  ignore_a_hang_up,
  feed_what_has_hung_up,
  forget_a_change,
  drop_ask_to_stop,
  lose_a_stop_request,
  // in the worker
  worker_loses_a_wake_up,
  worker_overwrites_what_is_unread,
  worker_closes_too_early,
  worker_stores_the_head_first,
  worker_runs_what_was_taken_back,
  worker_acknowledges_an_old_fence,
  worker_stamps_after_the_claim,
  worker_ignores_a_forget,
  worker_forgets_too_early,
  worker_sleeps_without_looking,
  worker_forgets_a_blocked_owner,
  worker_drops_what_is_in_use,
  worker_reports_with_others,
  count,
};

struct Parameters {
  pool::SchedulerConfig config;
  std::size_t task_capacity = 4096, result_capacity = 4096;  // of the rings, bytes
  std::size_t old_tasks = 0, old_results = 0;                // bytes that an old worker has in them
  int jobs = 3;
  double pause = 0.1;   // a worker pauses at a point where it may
  double notice = 0.5;  // the owner sees an event in this turn
  double partial_read = 0.5;
  double user = 0.1;     // the next step is a user's
  bool callers = false;  // most calls are single, and most of their callers drive a worker
  bool patient = false;  // a user waits for the end of a call before the next
  double kill = 0;       // the next step kills a worker from outside
  double garbage = 0;    // a worker writes what is no frame
  double start_error = 0, start_death = 0, initializer_error = 0;
  double torn = 0.3;                   // a worker is seen between the two stores of a frame's end
  double parts = 0;                    // what is written is seen before all of it is there
  bool outage = false;                 // for a while no worker can be started
  double early_end = 0;                // close or terminate while there is work
  bool slow_starts = false;            // worker_started comes later than the start
  double deaf = 0;                     // a worker that has only a revocation to see never sees it
  double borrowing = 0;                // a call borrows its caller's memory
  double exhausted = 0;                // a worker is above its limit of memory when it looks
  std::size_t large_frame = 1 << 20;   // bytes: see worker::SessionSizes
  double handover = 0;                 // the lock changes hands between two reads of the dispatcher
  double narrow = 0;                   // the descriptor channel has no room
  std::size_t large_result = 1 << 20;  // bytes: see pool::BorrowedChannel
  double desertion = 0;                // a caller leaves where it waits
  double blocked_death = 0;            // a worker dies where it waits for room
  double late_status = 0;              // how a dead worker has ended is told later than that it has
  bool ready_made = false;         // the first workers are started before the pool has a dispatcher
  bool watched = false;            // the dispatcher looks what busy workers' processes have become
  double without_main_thread = 0;  // the next step ends a worker's main thread; if watched
  double oversize = 0;             // a worker that starts has too much memory; if watched
  double stops = 0;                // the next step stops the owner's process for a while
  double collapse = 0;             // the dispatcher's turn ends the pool
  double lack = 0;                 // a start that fails does so for want of something
  double unstoppable = 0;          // a worker cannot be ended by signals
  double full_table = 0;           // there is no room for a descriptor that comes with a result
  double hang_ups = 0;             // an element closes its worker's socket
  bool recorded = false;           // the owner wants to know when elements run
  Mutation mutation = Mutation::none;
};

/// What has happened: a world in which nothing does proves nothing.
struct Census {
  std::uint64_t executions = 0, retries = 0, delayed = 0, thrown = 0, errors = 0, lost = 0,
                timed_out = 0, excused = 0;
  std::uint64_t idled = 0, aged = 0, deaths = 0, stops = 0, failed_starts = 0, broken_streams = 0;
  std::uint64_t revoked = 0, cancelled = 0, borrowed = 0, from_pages = 0,
                from_pages_of_the_dead = 0;
  std::uint64_t deferred_ends = 0, deaf = 0, torn_ends = 0, full_rings = 0;
  std::uint64_t arriving = 0, asked = 0, exhausted = 0, logged = 0, attached = 0;
  std::uint64_t brought = 0, narrow = 0;  // descriptors with tasks; stops for them
  std::uint64_t blocked = 0, blocked_callers = 0, slept = 0, in_place = 0, collected = 0;
  std::uint64_t taken = 0, cut_results = 0;  // results decoded as they arrive; not to their end
  std::uint64_t deserted = 0, ready_made = 0, without_main_thread = 0, oversized = 0, stopped = 0,
                cut = 0;
  std::uint64_t collapsed = 0, lacks = 0, left_alone = 0, full_tables = 0, brought_by_callers = 0;
  std::uint64_t decided_by_workers = 0;  // revocations
  std::uint64_t hung_up = 0, hung_up_driven = 0;
  std::uint64_t asked_to_stop = 0, stopped_in_time = 0;  // elements; of them, without their workers
  std::uint64_t recorded = 0;                            // elements with their times
  std::uint64_t wrapped_tasks = 0, wrapped_results = 0, across_the_end = 0;
};

/// What all parts of a world share.
struct Environment {
  explicit Environment(std::uint64_t seed) : random(seed) {}
  Random random;
  Parameters parameters;
  Time now{std::chrono::hours(1)};
  bool calm = false;  // no more faults
  bool trace = false;
  Census census;
  double nanoseconds() const {
    return static_cast<double>((now - Time(std::chrono::hours(1))).count());
  }
  template <class... Values>
  void say(const char* format, Values... values) const {
    if (!trace) return;
    std::fprintf(stderr, "%12.3f us  ", nanoseconds() / 1e3);
    if constexpr (sizeof...(values) == 0) {
      std::fputs(format, stderr);
    } else {
      std::fprintf(stderr, format, values...);
    }
    std::fputc('\n', stderr);
  }
};

/// The result of an element: any part can compute it.
constexpr std::uint64_t value_of(JobId job, std::size_t index) {
  return (job * 0x9e3779b97f4a7c15) ^ (index * 0xbf58476d1ce4e5b9 + 1);
}
constexpr std::size_t text_size_of(JobId job, std::size_t index, std::size_t most) {
  return value_of(job, index) % (most + 1);
}

constexpr std::byte padding_of(std::size_t index) {
  return static_cast<std::byte>(index % 251 + 1);
}
/// What elements log.
constexpr const char* log_text = "so far, so good";
/// What the ring of an old worker is full of.
constexpr char old_letter = 'o';

Parameters draw_parameters(Random& random);
JobPlan draw_job(Random& random, const Parameters& parameters);
const char* name_of(Mutation mutation);

}  // namespace brood::simulation
