#pragma once

#include "pool/scheduler/parts.hpp"

namespace brood::simulation {

/// Throws Violation where the sets that the scheduler keeps of its workers say something else than
/// a walk over all of them.
void check_sets(const pool::SchedulerParts& parts);

}  // namespace brood::simulation
