#include "pool/check_options.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include <brood/errors.hpp>
#include "platform/scheduling.hpp"
#include "platform/system_call_names.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::pool {
namespace {

constexpr std::int64_t most_workers = 4096;
constexpr std::uint64_t smallest_message_limit = 4096;  // bytes: the pool itself has things to say
// A worker has its channel and what it watches; and poll(2) refuses more descriptors than the
// limit.
constexpr std::uint64_t fewest_files = 16;

void demand(bool holds, const char* sentence) {
  if (!holds) throw UsageError(std::string("brood: ") + sentence);
}

template <class Option>
bool positive(const std::optional<Option>& option) {
  return !option || *option > Option{};
}

void check(const Limits& limits) {
  demand(positive<std::chrono::nanoseconds>(limits.cpu_time), "limits.cpu_time must be positive");
  demand(positive(limits.address_space), "limits.address_space must be positive");
  demand(positive(limits.resident), "limits.resident must be positive");
  demand(positive(limits.resident_hard), "limits.resident_hard must be positive");
  demand(!limits.open_files || *limits.open_files >= fewest_files,
         "limits.open_files must be at least 16: a worker needs some itself");
}

void check(const detail::SandboxTerms& sandbox) {
  for (const std::string& name : sandbox.calls) {
    if (!platform::system_call_number(name))
      throw UsageError("brood: sandbox: this system has no call \"" + name + '"');
  }
}

void check_cpu(int cpu) {
  const int count = platform::possible_cpus();
  if (cpu >= 0 && cpu < count) return;
  throw UsageError("brood: cpus has " + std::to_string(cpu) + ", and this machine's are 0 to " +
                   std::to_string(count - 1));
}

// A holder of a proxy names functions of the manager's server, which is in no sandbox.
void refuse_proxies(std::span<const detail::DescriptorRef> attached) {
  const auto is_proxy = [](const detail::DescriptorRef& descriptor) {
    return descriptor->is_lease();
  };
  demand(std::none_of(attached.begin(), attached.end(), is_proxy),
         "a proxy of a Manager's object is not for a worker in a sandbox: it can run any function "
         "in the manager's server");
}

}  // namespace

// Shared objects in arguments would be refused in the worker before it has begun the element:
// no element would be charged, and each worker after it would die the same way.
void check_attached(std::span<const detail::DescriptorRef> attached,
                    const detail::SandboxTerms& sandbox) {
  if (!sandbox.on || attached.empty()) return;
  refuse_proxies(attached);
  demand(sandbox.shared_objects,
         "this pool's sandbox takes no shared objects in arguments; make the pool with "
         "brood::Sandbox::compute.allow_shared_objects()");
}

void check(const PoolOptions& options) {
  if (options.workers && (*options.workers < 1 || *options.workers > most_workers)) {
    throw UsageError("brood: workers = " + std::to_string(*options.workers) +
                     " is out of range; between 1 and " + std::to_string(most_workers) +
                     " are possible");
  }
  demand(!options.min_workers || *options.min_workers >= 0, "min_workers must not be negative");
  demand(!options.min_workers || !options.workers || *options.min_workers <= *options.workers,
         "min_workers must not be more than workers");
  demand(positive(options.max_tasks_per_worker), "max_tasks_per_worker must be at least 1");
  demand(positive<std::chrono::nanoseconds>(options.max_worker_age),
         "max_worker_age must be positive");
  demand(positive<std::chrono::nanoseconds>(options.idle_timeout), "idle_timeout must be positive");
  demand(positive<std::chrono::nanoseconds>(options.start_timeout),
         "start_timeout must be positive");
  demand(!options.max_message_size || *options.max_message_size >= smallest_message_limit,
         "max_message_size must be at least 4 KiB");
  demand(!options.nice || (*options.nice >= -20 && *options.nice <= 19),
         "nice must be between -20 and 19");
  for (const int cpu : options.cpus) check_cpu(cpu);
  check(options.limits);
  const detail::SandboxTerms& terms = detail::SandboxAccess::terms(options.sandbox);
  check(terms);
  if (terms.on) refuse_proxies(detail::CallAccess::attached(options.initializer));
}

void check(const CallOptions& options) {
  demand(positive<std::chrono::nanoseconds>(options.timeout), "timeout must be positive");
  demand(options.retries >= 0, "retries must not be negative");
  demand(options.crash_retries.value_or(0) >= 0, "crash_retries must not be negative");
  demand(options.timeout_retries.value_or(0) >= 0, "timeout_retries must not be negative");
  demand(options.exception_retries.value_or(0) >= 0, "exception_retries must not be negative");
  demand(positive<std::chrono::nanoseconds>(options.retry_delay), "retry_delay must be positive");
  demand(positive(options.chunk), "chunk must be at least 1");
  demand(positive(options.window), "window must be at least 1");
  demand(options.output_limit >= 1 && options.output_limit <= 1_GiB,
         "output_limit must be between 1 byte and 1 GiB");
}

}  // namespace brood::pool
