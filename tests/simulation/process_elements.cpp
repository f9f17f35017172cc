#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <string>

#include <brood/detail/codec/callable.hpp>
#include <brood/detail/pool/reduce.hpp>
#include <brood/detail/pool/runners.hpp>
#include "process.hpp"
#include "protocol/messages.hpp"
#include "referee.hpp"
#include "worker/run_access.hpp"

// What a worker runs: the runner of the simulation, which the session finds by its code reference,
// as it finds those of include/brood/detail/pool/runners.hpp.
namespace brood::simulation {

namespace {

struct TaskFailure : std::runtime_error {
  TaskFailure(Census& its_census, bool again)
      : std::runtime_error("as planned"), census(&its_census), retryable(again) {}
  Census* census;
  bool retryable;
};

// Where it is asked for the second time, it throws, which means no, too.
bool is_retryable(std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const TaskFailure& failure) {
    if (++failure.census->asked % 2 == 0 && !failure.retryable) throw;
    return failure.retryable;
  }
}

}  // namespace

/// The function object of a job. The process knows which of them its session keeps.
class Process::Function {
 public:
  Function() = default;
  explicit Function(JobId job) : job_(job) {}
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;
  ~Function() {
    if (keeper_ != nullptr) keeper_->functions_.erase(keeper_->functions_.find(job_));
  }
  JobId job() const noexcept { return job_; }
  template <class Archive>
  void save(Archive& archive) const {
    archive(job_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(job_);
    keeper_ = running_;
    keeper_->functions_.insert(job_);
  }

 private:
  JobId job_ = 0;
  Process* keeper_ = nullptr;
};

detail::Bytes Process::definition_of(JobId job) {
  const auto definition = detail::encode_definition(&run_elements, Function(job));
  return detail::Bytes(definition->bytes.view());
}

detail::Bytes Process::retry_if_of(const JobPlan& plan) {
  detail::Bytes encoded;
  if (plan.retryable < 1) detail::put_code(encoded, reinterpret_cast<const void*>(&is_retryable));
  return encoded;
}

void Process::run_elements(detail::Run& run) {
  Process& process = *running_;
  const JobId job = run.function<Function>().job();
  const JobPlan& plan = process.referee_.plan(job);
  process.count_a_run();
  process.grow_old();
  process.maybe_pause();
  process.drop_what_is_in_use();
  if (plan.folded) {
    process.run_folded(run, job, plan);
  } else {
    process.run_each(run, job, plan);
  }
}

// The clock may be seen before the claim.
bool Process::claim(detail::Run& run, const JobPlan& plan) {
  if (plan.traits.timeout && environment_.random.chance(0.3)) {
    stamp();
    maybe_pause();
  }
  const std::uint64_t clock = page().clock.load();
  if (!run.next()) return false;
  if (plan.traits.timeout && mutate(Mutation::worker_stamps_after_the_claim)) {
    page().clock.store(clock);
    maybe_pause();
    stamp();
  }
  return true;
}

void Process::stamp() { session_->results().stamp(); }

void Process::run_each(detail::Run& run, JobId job, const JobPlan& plan) {
  while (claim(run, plan)) {
    const std::size_t index = begin(run, job, plan);
    const bool calm = environment_.calm;
    const bool listens = environment_.random.chance(plan.listens);
    const bool hangs = !calm && environment_.random.chance(listens ? 0.3 : plan.hangs);
    const double time = hangs ? environment_.random.spread(1e6, 1e9) : 0;
    if (listens) {
      listen(run, time);
    } else if (hangs) {
      pass(time);
    }
    live_through(run, plan);
    if (environment_.random.chance(plan.throws)) {
      fail(run, plan);
    } else {
      if (environment_.random.chance(plan.carries)) attach(run);
      referee_.telling(*this, false, false);
      put(run, job, index, plan);
    }
    referee_.told(*this);
    if (!calm && environment_.random.chance(environment_.parameters.garbage)) write_garbage();
    maybe_pause();
  }
}

// As detail::run_reduce, and with its tree: a chunk has several results.
void Process::run_folded(detail::Run& run, JobId job, const JobPlan& plan) {
  std::plus<std::uint64_t> combine;
  detail::FoldTree<std::uint64_t, std::plus<std::uint64_t>> tree;
  const auto send = [&] {
    for (const auto& node : tree.nodes()) run.put_folded(node.count, node.value);
    tree.nodes().clear();
  };
  while (claim(run, plan)) {
    const std::size_t index = begin(run, job, plan);
    live_through(run, plan);
    if (environment_.random.chance(plan.throws)) {
      send();
      fail(run, plan);
      referee_.told(*this);
    } else {
      tree.add(combine, {index, 1, value_of(job, index)});
      referee_.telling(*this, false, false);
    }
  }
  send();
  referee_.told(*this);
}

// As this_task::stop_token does, which knows one worker in a thread. Some elements ask and go on.
void Process::listen(detail::Run& run, double nanoseconds) {
  if (!mutate(Mutation::worker_reports_with_others)) session_->results().report_alone();
  const std::stop_token token = session_->stops().token(detail::RunAccess::position(run));
  referee_.listens(*this);
  const bool ignores = environment_.random.chance(0.2);
  for (int slice = 0; slice < 8; ++slice) {
    pass(nanoseconds / 8 + 1);
    if (is_asked_to_stop) session_->stops().look();
    if (token.stop_requested() && !ignores) return;
  }
}

// Its argument may be on its way.
std::size_t Process::begin(detail::Run& run, JobId job, const JobPlan& plan) {
  const std::size_t index = run.index();
  referee_.begun(*this, job, index, static_cast<std::uint32_t>(run.attempt()), stamped_);
  if (handles_.count(job) < plan.brings)
    throw Violation("an element runs before its shared objects are there");
  const Reader argument = run.argument();
  environment_.census.arriving += argument.left() > argument.in_memory();
  check_argument(argument, job, index, plan);
  maybe_pause();
  pass(environment_.random.spread(0.2, 2) * plan.mean);
  return index;
}

void Process::check_argument(Reader argument, JobId job, std::size_t index, const JobPlan& plan) {
  std::array<std::uint64_t, 2> named{};
  argument.read(named.data(), sizeof named);
  if (named[0] != job || named[1] != index) throw Violation("the argument of another element");
  if (environment_.random.chance(0.3)) return;  // the rest is left unread
  if (argument.left() != plan.padding) throw Violation("an argument of the wrong size");
  std::vector<std::byte> padding(plan.padding);
  argument.read(padding.data(), padding.size());
  const auto expected = padding_of(index);
  if (std::any_of(padding.begin(), padding.end(), [&](std::byte b) { return b != expected; }))
    throw Violation("a wrong argument");
}

void Process::live_through(detail::Run& run, const JobPlan& plan) {
  if (environment_.random.chance(plan.logs)) write_log();
  if (environment_.calm) return;
  if (environment_.random.chance(environment_.parameters.hang_ups)) hang_up();
  if (!environment_.random.chance(plan.dies)) return;
  if (environment_.random.chance(0.3)) run.abandon();  // pthread_exit
  throw Killed();
}

// Such an element may return, or never.
void Process::hang_up() {
  if (!hung_up_) environment_.say("worker %u hangs up", slot);
  environment_.census.hung_up += !hung_up_;
  hung_up_ = true;
  maybe_pause();
  if (environment_.random.chance(0.5)) return;
  deaf_ = true;
  pause(Wait::none);
}

void Process::fail(detail::Run& run, const JobPlan& plan) {
  const bool retryable = environment_.random.chance(plan.retryable);
  referee_.telling(*this, true, retryable);
  try {
    throw TaskFailure(environment_.census, retryable);
  } catch (const TaskFailure&) {
    run.fail();
  }
}

// As Run::put does where a result has handles of shared objects.
void Process::attach(detail::Run& run) {
  const std::vector<detail::DescriptorRef> handles(environment_.random.between(1, 5));
  session_->results().attach(run, handles);
}

void Process::put(detail::Run& run, JobId job, std::size_t index, const JobPlan& plan) {
  switch (plan.result) {
    case ResultKind::nothing:
      return run.put_void();
    case ResultKind::number:
      return run.put(value_of(job, index));
    case ResultKind::text: {
      const auto letter = static_cast<char>('a' + value_of(job, index) % 26);
      return run.put(std::string(text_size_of(job, index, plan.text_size), letter));
    }
  }
}

// Fills its ring once, but for a little.
void Process::grow_old() {
  const std::size_t end = environment_.parameters.old_results;
  if (page().closed.load() >= end || !environment_.random.chance(0.6)) return;
  const std::size_t size = end - static_cast<std::size_t>(page().closed.load());
  session_->results().log({2, "", std::string(size, old_letter)});
}

// Sometimes from another thread of the task's.
void Process::write_log() {
  in_another_thread_ = environment_.random.chance(0.3);
  session_->results().log({2, "", log_text});
  in_another_thread_ = false;
}

// What a task that writes to a descriptor that is not its own does.
void Process::write_garbage() {
  environment_.say("worker %u writes garbage", slot);
  referee_.spoilt(*this);
  if (environment_.random.chance(0.5)) return reports.push_back(std::byte{7});
  writes_garbage_ = true;
  constexpr std::size_t size = 24;
  std::fill_n(page().at(page().closed.load()), size, std::byte{7});
  page().closed.fetch_add(size);
  page().head.store(page().closed.load());
}

}  // namespace brood::simulation
