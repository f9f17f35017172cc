#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/page.hpp"
#include "protocol/parent_side.hpp"

// What the owner does with a worker's page. Pure but for the page itself.
namespace brood::protocol {

/// Elements begun.
std::uint64_t claimed(const WorkerPage& page) noexcept;
/// Takes back everything behind what has been begun, up to position `fence` of the sequence;
/// returns how much has been begun.
std::uint64_t revoke(WorkerPage& page, std::uint64_t fence) noexcept;
/// The page as it is, for a dead worker.
PageSnapshot snapshot(const WorkerPage& page) noexcept;
/// A copy of the page in `storage`, nothing if the worker has moved meanwhile or there is nothing
/// in it.
std::optional<PageSnapshot> stable_copy(const WorkerPage& page, std::vector<std::byte>& storage);

}  // namespace brood::protocol
