// Compiles
#include <brood/process.hpp>

bool has_ended(const brood::Process& process) { return process.exit_code().has_value(); }
bool has_failed(const brood::Process& process) { return process.exit_code() != 0; }
bool runs(const brood::Process& process) { return process.exit_code() == std::nullopt; }
int number(const brood::Process& process) { return process.exit_code(); }
