#pragma once

#include <memory>

namespace brood::pool {

class Core;

/// Has the trace of a pool written where the process ends by exit(3) before the pool does.
void write_trace_at_exit(const std::shared_ptr<Core>& core);

}  // namespace brood::pool
