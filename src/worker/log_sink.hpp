#pragma once

#include "worker/result_stream.hpp"

namespace brood::worker {

/// Sends what this process logs through spdlog's default logger to the owner, from `level` up.
/// `stream` must live as long as the process.
void send_logs_to(ResultStream& stream, int level);

}  // namespace brood::worker
