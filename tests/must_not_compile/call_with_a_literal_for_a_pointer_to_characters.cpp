// Refused: a string literal or a view of text as std::string, which no const char* parameter takes
#include <brood/pool.hpp>

int length(const char* text);

void call(brood::Pool& pool) { pool.apply_async(length, "abc"); }
