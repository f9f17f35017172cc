#include "worker/replayed_run.hpp"

#include "worker/definition.hpp"
#include "worker/run_access.hpp"
#include "worker/task_in_progress.hpp"

namespace brood::worker {

void ReplayedRun::run() {
  detail::Run run;
  begin(run);
  Definition definition(element_.definition);
  const detail::Runner runner = definition.prepare(run);
  const TaskInProgress mark(run);
  runner(run);
}

void ReplayedRun::begin(detail::Run& run) {
  constexpr std::size_t largest_record = 16 * 1024;
  detail::RunAccess::begin(run, {.sink = this,
                                 .claimed = &claimed_,
                                 .revocation = &revocation_,
                                 .head = &head_,
                                 .record_limit = largest_record,
                                 .sequence = 0,
                                 .first = element_.index,
                                 .count = 1,
                                 .stride = element_.stride,
                                 .attempt = element_.attempt,
                                 .barrier = false,
                                 .timed = false,
                                 .measured = false,
                                 .raw_argument = element_.raw_argument,
                                 .separate_calls = element_.separate_call,
                                 .arguments = Reader(element_.argument)});
}

void ReplayedRun::make_room(detail::Run& run, std::size_t count, std::uint32_t stride) {
  room_.resize(count);
  length_in_front_ = stride == detail::variable_stride ? sizeof(std::uint64_t) : 0;
  detail::RunAccess::point(run, room_, 0);
}

void ReplayedRun::put_large(detail::Run&, std::span<const std::byte> record,
                            std::span<const std::byte> rest) {
  room_.assign(record.begin(), record.end());
  room_.insert(room_.end(), rest.begin(), rest.end());
}

void ReplayedRun::put_folded(detail::Run&, std::size_t, std::span<const std::byte> record) {
  room_.assign(record.begin(), record.end());
}

std::vector<std::byte> ReplayedRun::value() const {
  if (error_) return {};
  return {room_.begin() + static_cast<std::ptrdiff_t>(length_in_front_), room_.end()};
}

}  // namespace brood::worker
