#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include <brood/detail/large_memory.hpp>

#include "platform/system_calls.hpp"

namespace brood::detail {

// Whole pages inside only: madvise(2) wants an aligned start. That it may fail is of no account.
void advise_large(void* memory, std::size_t size) noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto start = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + size) / page * page;
  if (end > start)
    platform::system_calls().madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
}

}  // namespace brood::detail
