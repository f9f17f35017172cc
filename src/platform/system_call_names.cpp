#include "platform/system_call_names.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

namespace brood::platform {
namespace {

struct Row {
  int number;
  std::string_view name;
};

// A line BROOD_SYSTEM_CALL(name) for each: cmake/BroodSystemCalls.cmake makes them.
constexpr Row table[] = {
#define BROOD_SYSTEM_CALL(name) {SYS_##name, #name},
#include BROOD_SYSTEM_CALLS
#undef BROOD_SYSTEM_CALL
};

}  // namespace

std::optional<int> system_call_number(std::string_view name) noexcept {
  const auto* const row = std::find_if(std::begin(table), std::end(table),
                                       [name](const Row& one) { return one.name == name; });
  if (row == std::end(table)) return std::nullopt;
  return row->number;
}

std::string system_call_name(int number) {
  const auto* const row = std::find_if(std::begin(table), std::end(table),
                                       [number](const Row& one) { return one.number == number; });
  return row == std::end(table) ? std::string() : std::string(row->name);
}

}  // namespace brood::platform
