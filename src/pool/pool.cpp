#include <brood/pool.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <utility>

#include "pool/check_options.hpp"
#include "pool/core.hpp"

namespace brood {

namespace detail {

// The key: the code references of runner and function come first; what follows are bound values, of
// which a few may matter.
std::shared_ptr<const Definition> make_definition(Bytes bytes) {
  constexpr std::size_t enough = 128;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), enough));
  const std::uint64_t key = std::hash<std::string_view>()(text);
  return std::make_shared<const Definition>(Definition{std::move(bytes), key});
}

}  // namespace detail

namespace {

pool::Core& core_of(const std::shared_ptr<detail::PoolCore>& core) {
  return static_cast<pool::Core&>(*core);
}

PoolOptions with_workers(std::int64_t workers) {
  PoolOptions options;
  options.workers = workers;
  return options;
}

std::uint32_t count_of(int retries) { return static_cast<std::uint32_t>(retries); }

std::shared_ptr<const detail::CallTerms> terms_of(const CallOptions& options) {
  auto terms = std::make_shared<detail::CallTerms>();
  terms->timeout = options.timeout;
  terms->crash_retries = count_of(options.crash_retries.value_or(options.retries));
  terms->timeout_retries = count_of(options.timeout_retries.value_or(options.retries));
  const int by_default = options.retry_if != nullptr ? options.retries : 0;
  terms->exception_retries = count_of(options.exception_retries.value_or(by_default));
  if (options.retry_if != nullptr)
    detail::put_code(terms->retry_if, reinterpret_cast<const void*>(options.retry_if));
  terms->retry_delay = options.retry_delay.value_or(std::chrono::nanoseconds(0));
  terms->priority = options.priority;
  if (options.key) terms->key = options.key->hash();
  terms->output = options.output;
  terms->output_limit = options.output_limit;
  return terms;
}

// Until the job has its end. That is told on the thread for callbacks, so the destructor, which
// waits for a callback that runs, holds nothing that this one needs.
void cancel_on_request(const std::stop_token& stop, const detail::JobHandle& job) {
  const auto cancel = [weak = std::weak_ptr(job)] {
    if (const detail::JobHandle alive = weak.lock()) alive->cancel(Kill::yes);
  };
  auto waiting = std::make_shared<std::stop_callback<decltype(cancel)>>(stop, cancel);
  job->when_finished([waiting] {});
}

const PoolOptions& checked(const PoolOptions& options) {
  pool::check(options);
  return options;
}

}  // namespace

namespace detail {

Calls::Calls(std::shared_ptr<PoolCore> core, CallOptions options)
    : core_(std::move(core)), options_(std::move(options)), terms_(terms_of(options_)) {}

JobHandle Calls::submit(JobSpec spec) const {
  JobHandle job = core_->submit(std::move(spec));
  if (!options_.stop.stop_possible()) return job;
  try {
    cancel_on_request(options_.stop, job);
  } catch (...) {
    call_off(*job);
    throw;
  }
  return job;
}

JobHandle Calls::begun(JobSpec spec) const {
  JobHandle job = submit(std::move(spec));
  core_->let_begin(*job);
  return job;
}

// While this thread drives a worker it hears of no request, and no time passes for a bar.
JobHandle Calls::finished(JobSpec spec, ArrivingResult* arriving) const {
  Reporter reporter(options_.progress);  // first: to copy a function may take memory
  const bool only_waits = options_.stop.stop_possible() || options_.progress.interval();
  JobHandle job = only_waits ? submit(std::move(spec)) : core_->call(std::move(spec), arriving);
  try {
    reporter.begin(*job, 1);
    while (!job->wait(reporter.next({}))) reporter.report(*job, 1);
    reporter.report(*job, 1);
  } catch (...) {
    call_off(*job);
    throw;
  }
  return job;
}

void Calls::configure(JobSpec& spec) const {
  spec.terms = terms_;
  spec.chunk = options_.chunk.value_or(0);
  spec.policy = options_.on_error == OnError::finish ? ErrorPolicy::finish : ErrorPolicy::fail_fast;
}

std::size_t Calls::window() const {
  constexpr std::size_t usual = 256;
  return options_.window.value_or(usual);
}

void Calls::wait_for_end(Job& job) {
  try {
    job.wait({});
  } catch (...) {
    call_off(job);
    throw;
  }
}

void Calls::refuse_progress() const {
  if (!options_.progress) return;
  throw UsageError(
      "brood: progress is called in the thread that waits for the call, and an asynchronous one "
      "has "
      "none; use a verb that waits, or imap");
}

}  // namespace detail

PoolCalls::PoolCalls(detail::Calls calls) : calls_(std::move(calls)) {}

Pool::Pool() : Pool(PoolOptions{}) {}
Pool::Pool(std::int64_t workers) : Pool(with_workers(workers)) {}
// By value in the contract. NOLINTNEXTLINE(performance-unnecessary-value-param)
Pool::Pool(PoolOptions options)
    : PoolCalls(detail::Calls(pool::Core::create(checked(options)), CallOptions{})) {}

Pool::~Pool() {
  pool::Core& core = core_of(calls_.core());
  if (!core.in_owner()) {
    // Without memory for it the process ends. NOLINTNEXTLINE(bugprone-unhandled-exception-at-new)
    new std::shared_ptr<detail::PoolCore>(
        calls_.core());  // its threads do not exist here: nothing of it can be ended
    return;
  }
  core.terminate();
  core.join({});
}

PoolCalls Pool::with(CallOptions options) const {
  core_of(calls_.core()).check_process();
  pool::check(options);
  return PoolCalls(detail::Calls(calls_.core(), std::move(options)));
}

void Pool::close() { core_of(calls_.core()).close(); }
void Pool::terminate() { core_of(calls_.core()).terminate(); }
void Pool::join() { core_of(calls_.core()).join({}); }
bool Pool::join_by(const detail::Deadline& deadline) {
  return core_of(calls_.core()).join(deadline);
}
Statistics Pool::statistics() const { return core_of(calls_.core()).statistics(); }
std::vector<WorkerInfo> Pool::workers() const { return core_of(calls_.core()).workers(); }

}  // namespace brood
