// Expect: operator bool
// Expect: ask has_value()
#include <brood/process.hpp>

bool has_failed(const brood::Process& process) {
  if (process.exit_code()) return true;
  return false;
}
