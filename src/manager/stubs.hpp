#pragma once

#include <brood/detail/manager/served_call.hpp>

// What clients of the library's own objects call, by address. The arguments of each are written by
// the client_*.cpp of the same topic; what waits takes a Patience first.
namespace brood::manager {

using detail::ServedCall;

// The root.
void count_objects(ServedCall& call);
void make_space(ServedCall& call);
void make_queue(ServedCall& call);      // std::uint64_t maxsize
void make_lock(ServedCall& call);       // bool reentrant
void make_semaphore(ServedCall& call);  // std::int64_t count, bool bounded
void make_event(ServedCall& call);
void make_condition(ServedCall& call);  // ManagedRef lock
void make_barrier(ServedCall& call);    // std::int64_t parties

void lock_acquire(ServedCall& call);
void lock_release(ServedCall& call);
void lock_abandon(ServedCall& call);
void lock_is_held(ServedCall& call);
void lock_owner_died(ServedCall& call);

void semaphore_acquire(ServedCall& call);
void semaphore_release(ServedCall& call);  // std::int64_t count
void semaphore_value(ServedCall& call);

void event_set(ServedCall& call);
void event_clear(ServedCall& call);
void event_is_set(ServedCall& call);
void event_wait(ServedCall& call);

void condition_acquire(ServedCall& call);
void condition_release(ServedCall& call);
void condition_abandon(ServedCall& call);
void condition_owner_died(ServedCall& call);
void condition_wait(ServedCall& call);
void condition_notify(ServedCall& call);  // std::uint64_t count

void barrier_wait(ServedCall& call);
void barrier_parties(ServedCall& call);
void barrier_waiting(ServedCall& call);
void barrier_reset(ServedCall& call);
void barrier_abort(ServedCall& call);
void barrier_is_broken(ServedCall& call);

void queue_put(ServedCall& call);  // the value, to the end
void queue_get(ServedCall& call);
void queue_size(ServedCall& call);
void queue_maxsize(ServedCall& call);
void queue_close(ServedCall& call);
void queue_is_closed(ServedCall& call);
void queue_task_done(ServedCall& call);
void queue_join(ServedCall& call);

void space_set(ServedCall& call);  // name, type, the value
void space_get(ServedCall& call);  // name, type
void space_has(ServedCall& call);  // name
void space_erase(ServedCall& call);
void space_names(ServedCall& call);

}  // namespace brood::manager
