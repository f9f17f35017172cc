// Compiles
#include <brood/process.hpp>
#include <cstdlib>
#include <ostream>

bool has_ended(const brood::Process& process) { return process.exit_code().has_value(); }
bool has_failed(const brood::Process& process) { return process.exit_code() != 0; }
bool was_killed(const brood::Process& process) { return process.exit_code() < 0; }
bool runs(const brood::Process& process) { return process.exit_code() == std::nullopt; }
int number(const brood::Process& process) { return process.exit_code(); }
int number_or_zero(const brood::Process& process) { return process.exit_code().value_or(0); }
void pass_number(const brood::Process& process) { std::exit(process.exit_code()); }
std::string text(const brood::Process& process) { return std::to_string(process.exit_code()); }
int next(const brood::Process& process) { return process.exit_code() + 1; }
void print(std::ostream& stream, const brood::Process& process) { stream << process.exit_code(); }
bool has_this(const brood::Process& process, long code) { return process.exit_code() == code; }
bool succeeded(const brood::Process& process) { return 0 == process.exit_code(); }
std::optional<int> if_ended(const brood::Process& process) { return process.exit_code(); }
