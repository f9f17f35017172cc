// Expect: operator==
// Expect: ask has_value()
#include <brood/process.hpp>

bool has_failed(const brood::Process& process) { return process.exit_code() == true; }
