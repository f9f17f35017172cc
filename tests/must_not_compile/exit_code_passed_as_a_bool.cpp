// Expect: deleted function
// Expect: ask has_value()
#include <brood/process.hpp>

void note(bool failed);

void note_end(const brood::Process& process) { note(process.exit_code()); }
