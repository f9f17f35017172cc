#include "platform/scheduling.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include <brood/errors.hpp>

namespace brood::platform {

int possible_cpus() noexcept {
  return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_CONF)));
}

void set_affinity(const std::vector<int>& cpus) {
  const auto room = static_cast<std::size_t>(*std::max_element(cpus.begin(), cpus.end())) + 1;
  const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(
      CPU_ALLOC(room), [](cpu_set_t* allocated) { CPU_FREE(allocated); });
  if (!set) throw SystemError("sched_setaffinity", "choosing the CPUs of a worker", ENOMEM);
  const std::size_t size = CPU_ALLOC_SIZE(room);
  CPU_ZERO_S(size, set.get());
  for (const int cpu : cpus) CPU_SET_S(static_cast<std::size_t>(cpu), size, set.get());
  if (::sched_setaffinity(0, size, set.get()) != 0)
    throw SystemError("sched_setaffinity", "choosing the CPUs of a worker", errno);
}

void set_niceness(int value) {
  if (::setpriority(PRIO_PROCESS, 0, value) != 0)
    throw SystemError("setpriority", "how nice a worker is", errno);
}

}  // namespace brood::platform
