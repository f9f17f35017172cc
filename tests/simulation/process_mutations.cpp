#include <algorithm>
#include <utility>

#include "process.hpp"

// Errors in a worker, made at the border of the session: in its page.
namespace brood::simulation {

using protocol::Type;
using protocol::WorkerPage;

bool Process::mutate(Mutation mutation) {
  if (environment_.parameters.mutation != mutation) return false;
  if (!environment_.random.chance(0.3)) return false;
  environment_.say("mutation: %s", name_of(mutation));
  return true;
}

void Process::change_the_page() {
  if (page().revocation.load() == WorkerPage::not_revoked) return;
  if (mutate(Mutation::worker_runs_what_was_taken_back))
    page().revocation.store(WorkerPage::not_revoked);
  if (mutate(Mutation::worker_acknowledges_an_old_fence)) page().fence.store(old_fence_);
  old_fence_ = page().fence.load();
}

// What the owner may read is not there yet.
void Process::close_too_early() {
  if (!mutate(Mutation::worker_closes_too_early)) return;
  page().closed.fetch_add(8);
  pause(Wait::none);
  page().closed.fetch_sub(8);
}

// Between the two stores of a frame's end, in the wrong order.
void Process::store_the_head_first() {
  const std::uint64_t closed = page().closed.load();
  const std::uint64_t before = std::max(std::exchange(old_closed_, closed), page().tail.load());
  if (page().head.load() != closed || before >= closed) return;
  if (!mutate(Mutation::worker_stores_the_head_first)) return;
  page().closed.store(before);
  pause(Wait::none);
  page().closed.store(closed);
}

void Process::change(const Task& task) {
  if (task.type != Type::forget || !mutate(Mutation::worker_ignores_a_forget)) return;
  constexpr auto type = static_cast<std::uint16_t>(Type::wake);
  std::byte* const place = page().tasks.at(task.start) + offsetof(wire::FrameHeader, type);
  std::copy_n(reinterpret_cast<const std::byte*>(&type), sizeof type, place);
}

// That it waits for room.
void Process::forget_the_owner() {
  if (page().owner_blocked.load() != 0 && mutate(Mutation::worker_forgets_a_blocked_owner))
    page().owner_blocked.store(0);
}

// The owner may write there.
void Process::drop_what_is_in_use() {
  const Task* const task = task_in_use();
  if (task != nullptr && mutate(Mutation::worker_drops_what_is_in_use))
    page().task_tail.store(task->end);
}

}  // namespace brood::simulation
