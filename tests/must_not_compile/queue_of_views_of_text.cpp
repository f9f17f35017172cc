// Refused: brood: a std::string_view sees text of its own process and cannot travel
#include <string_view>

#include <brood/brood.hpp>

void make() { brood::Queue<std::string_view> queue; }
