#include <brood/pool.hpp>

#include <algorithm>
#include <utility>

#include <brood/cpu.hpp>
#include "pool/core.hpp"

namespace brood {

namespace detail {

/// The name under which public headers know the core.
class PoolCore : public pool::Core {};

namespace {
pool::Core& inside(PoolCore& core) { return reinterpret_cast<pool::Core&>(core); }
}  // namespace

JobHandle submit(PoolCore& core, JobSpec spec) { return inside(core).submit(std::move(spec)); }
JobHandle call(PoolCore& core, JobSpec spec) { return inside(core).call(std::move(spec)); }

// FNV-1a over the runner and the state: a function pointer, a few bound values.
std::uint64_t cost_key(const void* runner, std::span<const std::byte> function) {
  std::uint64_t hash = 14695981039346656037ULL ^ reinterpret_cast<std::uintptr_t>(runner);
  for (const std::byte byte : function.first(std::min<std::size_t>(function.size(), 64))) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1099511628211ULL;
  }
  return hash;
}

}  // namespace detail
}  // namespace brood
