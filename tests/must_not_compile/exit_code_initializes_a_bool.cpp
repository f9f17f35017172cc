// Expect: deleted function
// Expect: ask has_value()
#include <brood/process.hpp>

bool has_failed(const brood::Process& process) {
  bool failed = process.exit_code();
  return failed;
}
