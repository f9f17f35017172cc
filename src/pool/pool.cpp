#include <brood/pool.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "pool/core.hpp"

namespace brood {

namespace detail {

// FNV-1a over the runner and the first bytes of the state: a function pointer, a few bound values.
std::uint64_t cost_key(Runner runner, std::span<const std::byte> function) noexcept {
  std::uint64_t hash = 14695981039346656037ULL ^ reinterpret_cast<std::uintptr_t>(runner);
  for (const std::byte byte : function.first(std::min<std::size_t>(function.size(), 64))) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1099511628211ULL;
  }
  return hash;
}

}  // namespace detail

namespace {

pool::Core& core_of(const std::shared_ptr<detail::PoolCore>& core) {
  return static_cast<pool::Core&>(*core);
}

PoolOptions with_workers(int workers) {
  PoolOptions options;
  options.workers = workers;
  return options;
}

void check(const CallOptions& options) {
  if (options.timeout && options.timeout->count() <= 0)
    throw UsageError("brood: timeout must be positive");
  if (options.retries < 0) throw UsageError("brood: retries must not be negative");
  if (options.chunk && *options.chunk == 0) throw UsageError("brood: chunk must be at least 1");
  if (options.window && *options.window == 0) throw UsageError("brood: window must be at least 1");
}

}  // namespace

void PoolCalls::configure(detail::JobSpec& spec) const {
  spec.timeout = options_.timeout;
  spec.retries = options_.retries;
  spec.chunk = options_.chunk.value_or(0);
  spec.policy = options_.on_error == OnError::finish ? detail::ErrorPolicy::finish
                                                     : detail::ErrorPolicy::fail_fast;
}

std::size_t PoolCalls::window() const {
  constexpr std::size_t usual = 256;
  return options_.window.value_or(usual);
}

void PoolCalls::report(const detail::Job& job, std::size_t total) const {
  options_.progress({job.done(), total});
}

Pool::Pool() : Pool(PoolOptions{}) {}
Pool::Pool(int workers) : Pool(with_workers(workers)) {}
Pool::Pool(PoolOptions options) : PoolCalls(pool::Core::create(options), CallOptions{}) {}

Pool::~Pool() {
  pool::Core& core = core_of(core_);
  if (!core.in_owner()) {
    new std::shared_ptr<detail::PoolCore>(
        core_);  // its threads do not exist here: nothing of it can be ended
    return;
  }
  core.terminate();
  core.join({});
}

PoolCalls Pool::with(CallOptions options) {
  check(options);
  return PoolCalls(core_, std::move(options));
}

void Pool::close() { core_of(core_).close(); }
void Pool::terminate() { core_of(core_).terminate(); }
void Pool::join() { core_of(core_).join({}); }
bool Pool::join_for(std::chrono::nanoseconds duration) {
  return core_of(core_).join(detail::deadline_after(duration));
}
std::vector<WorkerInfo> Pool::workers() const { return core_of(core_).workers(); }

}  // namespace brood
