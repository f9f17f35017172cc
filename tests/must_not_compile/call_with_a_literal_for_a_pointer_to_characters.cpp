// Refused: brood: this function cannot be called with these arguments, which arrive as values
// Refused: as std::string, which no const char* parameter takes
#include <brood/pool.hpp>

int length(const char* text);

void call(brood::Pool& pool) { pool.apply_async(length, "abc"); }
