#pragma once

#include <vector>

namespace brood::platform {

/// Numbers that CPUs of this machine can have: 0 to one below.
int possible_cpus() noexcept;
/// Lets this process run on these CPUs only; so its threads to come. Throws SystemError, also when
/// it may not run on any of them.
void set_affinity(const std::vector<int>& cpus);
/// How nice this process is: -20 to 19. Throws SystemError, also when it may not become less nice.
void set_niceness(int value);

}  // namespace brood::platform
