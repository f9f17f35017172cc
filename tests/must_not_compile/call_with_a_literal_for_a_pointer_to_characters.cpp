// Expect: a string literal or a view of text as std::string, which no const char* parameter takes
#include <brood/brood.hpp>

int length(const char* text);

void call(brood::Pool& pool) { pool.apply_async(length, "abc"); }
