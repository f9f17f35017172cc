#include "link.hpp"

#include <algorithm>
#include <utility>

#include "protocol/messages.hpp"

namespace brood::simulation {

using protocol::WorkerWait;

namespace {
std::size_t task_capacity(const Parameters& parameters) {
  const bool ignored = parameters.mutation == Mutation::overwrite_unread_tasks;
  return parameters.task_capacity + (ignored ? 64 : 0);
}
}  // namespace

Link::Link(Environment& environment, JudgedScheduler& scheduler,
           std::unique_ptr<Process> its_process, std::function<void()> elsewhere)
    : WorkerLink(its_process->slot, "worker", wire::default_frame_limit, environment.now,
                 task_capacity(environment.parameters)),
      process(std::move(its_process)),
      environment_(environment),
      scheduler_(scheduler),
      elsewhere_(std::move(elsewhere)) {
  pid = static_cast<int>(process->pid);
  set_page(&process->page());
  relies_on_barrier = true;
}

transfer::ReceivedDescriptors Link::receive_descriptors() {
  transfer::ReceivedDescriptors came;
  came.received = process->waiting_descriptors != 0;
  if (!came.received) return came;
  --process->waiting_descriptors;
  came.descriptors.emplace_back();
  return came;
}

bool Link::receive_wake_ups() {
  const std::vector<std::byte> came = std::exchange(process->reports, {});
  take_wake_ups(came);
  return !came.empty() || !has_hung_up();
}

// The worker may go on at once, while the owner has more to write, or has not looked at what it has
// read.
void Link::wake_worker() noexcept {
  process->note_tasks();
  if (scheduler_.mutate(Mutation::lose_a_wake_up)) return;
  process->is_woken = true;
  elsewhere();
}

void Link::wake_for_stop() noexcept {
  if (scheduler_.mutate(Mutation::lose_a_stop_request)) return;
  process->is_asked_to_stop = true;
  elsewhere();
}

void Link::elsewhere() noexcept {
  scheduler_.judge([this] { elsewhere_(); });
}

// Between the last look at the rings and the request, and between that and the next look.
bool Link::ask_for_wake_up(protocol::WakeUp how) noexcept {
  elsewhere();
  const bool may = WorkerLink::ask_for_wake_up(how);
  elsewhere();
  return may || scheduler_.mutate(Mutation::sleep_without_looking);
}

// Some of them, where there is no room for all.
platform::SendState Link::send_now(std::uint64_t group,
                                   std::span<const detail::DescriptorRef>& unsent) {
  Random& random = environment_.random;
  const bool full = random.chance(environment_.parameters.narrow);
  const std::size_t count = full ? random.below(unsent.size()) : unsent.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!scheduler_.mutate(Mutation::lose_a_handle)) process->sent_handles.insert(group);
  }
  environment_.census.brought += count;
  if (borrowed) environment_.census.brought_by_callers += count;
  unsent = unsent.subspan(count);
  if (!full) return platform::SendState::sent;
  return random.chance(0.5) ? platform::SendState::would_block : platform::SendState::crowded;
}

std::size_t Link::youth() const noexcept {
  const std::uint64_t head = page().task_head.load(), old = environment_.parameters.old_tasks;
  return static_cast<std::size_t>(old - std::min(head, old));
}

Link::Stop Link::write() {
  if (was_full_ && scheduler_.mutate(Mutation::forget_a_full_ring)) return Stop::ring_full;
  spoil_before();
  const std::uint64_t before = page().task_head.load(), runs = process->runs;
  const Stop stop = WorkerLink::write();
  was_full_ = stop == Stop::ring_full;
  process->note_tasks();
  const bool is_old = page().task_head.load() > environment_.parameters.old_tasks;
  environment_.census.narrow += stop == Stop::channel_full || stop == Stop::crowded;
  environment_.census.blocked += is_old && was_full_;
  environment_.census.blocked_callers += borrowed && was_full_;
  spoil_behind(stop);
  if (stop == Stop::none && process->runs == runs) show_in_parts(before);
  return stop;
}

// As if the last bytes had been written part by part.
void Link::show_in_parts(std::uint64_t before) {
  const std::uint64_t after = page().task_head.load();
  if (before == after || !environment_.random.chance(environment_.parameters.parts)) return;
  const std::uint64_t least = std::max(before, page().task_tail.load());
  let_it_see(environment_.random.between(least, after));
  page().task_head.store(after);
  if (protocol::owes_wake_up(page(), WorkerWait::for_tasks)) wake_worker();
}

void Link::let_it_see(std::uint64_t head) {
  page().task_head.store(head);
  let_it_run();
}

void Link::let_it_run() {
  for (int i = 0; i < 3 && process->alive() && process->runnable(); ++i) process->run();
}

// --- mutations ---

void Link::spoil_before() {
  if (outbox.empty()) return;
  if (scheduler_.mutate(Mutation::end_tasks_early)) end_tasks();
  pool::no_other_thread_knows();
  const std::optional<JobId> known = process->known_job();
  if (known && scheduler_.mutate(Mutation::worker_forgets_too_early)) forget(*known);
  if (scheduler_.mutate(Mutation::show_tasks_too_early)) {
    const std::uint64_t head = page().task_head.load();
    let_it_see(head + 24);
    page().task_head.store(head);
  }
}

void Link::spoil_behind(Stop stop) {
  const std::uint64_t head = page().task_head.load();
  if (stop == Stop::ring_full && scheduler_.mutate(Mutation::sleep_without_asking_for_room))
    page().owner_blocked.store(0);
  if (stop == Stop::none && head >= 8 && scheduler_.mutate(Mutation::write_bytes_twice))
    outbox.tail().append(page().tasks.at(head - 8), 8);
}

}  // namespace brood::simulation
