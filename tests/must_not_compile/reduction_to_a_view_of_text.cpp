// Refused: brood: a std::string_view sees text of its own process and cannot travel
#include <string_view>

#include <brood/pool.hpp>

std::string_view name(int number);
std::string_view longer(std::string_view a, std::string_view b);

void call(brood::Pool& pool) { pool.map_reduce(name, {1, 2}, longer, std::string_view()); }
