#include <algorithm>

#include <brood/errors.hpp>
#include "process.hpp"
#include "support/feed.hpp"

// What the owner has written to the ring, and what the session has seen of it.
namespace brood::simulation {

using protocol::Type;
using protocol::WorkerPage;

namespace {

constexpr std::uint64_t ring_size = WorkerPage::buffer_size;

template <class Header>
JobId job_in(std::span<const std::byte> payload) {
  return protocol::take_header<Header>(payload).job;
}

JobId job_of(const wire::Frame& frame) {
  switch (static_cast<Type>(frame.type)) {
    case Type::define:
      return job_in<protocol::DefineHeader>(frame.payload);
    case Type::run:
      return job_in<protocol::RunHeader>(frame.payload);
    case Type::forget:
      return job_in<protocol::ForgetHeader>(frame.payload);
    default:
      return 0;
  }
}

// In a ring of `capacity` bytes, later ones would lie in their places.
void spoil(WorkerPage::Ring& ring, std::uint64_t& spoilt, std::uint64_t end, std::size_t capacity) {
  if (end < spoilt + capacity) return;
  std::fill_n(ring.at(spoilt), end - capacity - spoilt, std::byte{0xdd});
  spoilt = end - capacity;
}

}  // namespace

// What is no frame, by a mutation, is for the session to notice.
void Process::note_tasks() {
  const std::uint64_t head = page().task_head.load(), before = noted_;
  testing::feed(written_, {page().tasks.at(before), head - before});
  noted_ = head;
  environment_.census.wrapped_tasks += head / ring_size - before / ring_size;
  try {
    while (const auto frame = written_.next()) {
      note_task(*frame);
      if (tasks_.back().start >= before) change(tasks_.back());
    }
  } catch (const CodecError&) {
    environment_.say("worker %u is sent what is no frame", slot);
  }
  spoil(page().tasks, spoilt_tasks_, noted_, environment_.parameters.task_capacity);
}

void Process::note_task(const wire::Frame& frame) {
  const std::uint64_t end = noted_ - written_.pending();
  const std::uint64_t start = end - frame.payload.size() - sizeof(wire::FrameHeader);
  environment_.census.across_the_end += start / ring_size != (end - 1) / ring_size;
  const Task task{start, end, static_cast<Type>(frame.type), job_of(frame)};
  tasks_.push_back(task);
  if (task.type == Type::define) sent_.insert(task.job);
  if (task.type == Type::forget) sent_.erase(task.job);
}

std::optional<JobId> Process::known_job() const {
  if (sent_.empty()) return std::nullopt;
  return *sent_.rbegin();
}

void Process::see_what_is_read() {
  const std::uint64_t tail = page().task_tail.load();
  while (!tasks_.empty() && tasks_.front().end <= tail) see_next();
}

void Process::see_next() {
  const Task& task = tasks_.front();
  if (task.type == Type::define) defined_.insert(task.job);
  if (task.type == Type::forget) {
    defined_.erase(task.job);
    to_forget_.insert(task.job);
  }
  tasks_.pop_front();
}

// The frame that the session reads where it lies, if there is one now.
const Process::Task* Process::task_in_use() const {
  const std::uint64_t tail = page().task_tail.load();
  const auto found = std::find_if(tasks_.begin(), tasks_.end(),
                                  [tail](const Task& task) { return task.end > tail; });
  if (found == tasks_.end() || found->start != tail || found->end > noted_) return nullptr;
  return &*found;
}

bool Process::is_within_a_frame() const {
  const std::uint64_t tail = page().task_tail.load();
  return std::any_of(tasks_.begin(), tasks_.end(),
                     [tail](const Task& task) { return task.start < tail && tail < task.end; }) ||
         (noted_ - written_.pending() < tail);
}

void Process::count_a_run() {
  Census& census = environment_.census;
  ++(task_in_use() != nullptr ? census.in_place : census.collected);
}

// No owner may want to see what is behind that.
void Process::spoil_what_was_read() {
  if (writes_garbage_ || session_ == nullptr) return;
  const std::uint64_t end = std::max(page().head.load(), page().closed.load());
  environment_.census.wrapped_results += end / ring_size > results_seen_ / ring_size;
  results_seen_ = std::max(results_seen_, end);
  spoil(page().results, spoilt_results_, end, environment_.parameters.result_capacity);
}

}  // namespace brood::simulation
