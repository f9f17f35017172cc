#include <algorithm>
#include <utility>

#include "process.hpp"
#include "protocol/messages.hpp"

// Errors in a worker, made at the border of the session: of what it reads, in its page.
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
  if ((page().claimed.load() & WorkerPage::revoked) == 0) return;
  if (mutate(Mutation::worker_runs_what_was_taken_back))
    page().claimed.fetch_and(~WorkerPage::revoked);
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

// Whole frames, some of them not as they were sent.
std::size_t Process::read_changed(std::span<std::byte> target) {
  while (changed_.empty()) {
    wait_for_input();
    std::byte arrived[256];
    const std::size_t count = tasks.read(arrived);
    if (count == 0) return 0;
    seen_.feed(std::span(arrived).first(count));
    while (const auto frame = seen_.next()) change(*frame);
  }
  const std::size_t count = std::min(target.size(), changed_.size());
  std::copy_n(changed_.begin(), count, target.begin());
  changed_.erase(changed_.begin(), changed_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

void Process::change(const wire::Frame& frame) {
  const auto type = static_cast<Type>(frame.type);
  detail::Bytes bytes;
  std::span<const std::byte> payload = frame.payload;
  if (type == Type::run && mutate(Mutation::worker_forgets_too_early)) {
    const auto header = protocol::take_header<protocol::RunHeader>(payload);
    protocol::append_message(bytes, Type::forget, protocol::ForgetHeader{header.job});
    to_forget_.insert(header.job);
  }
  if (type != Type::forget || !mutate(Mutation::worker_ignores_a_forget))
    protocol::append_message(bytes, type, frame.payload);
  note(frame);
  changed_.insert(changed_.end(), bytes.view().begin(), bytes.view().end());
}

}  // namespace brood::simulation
