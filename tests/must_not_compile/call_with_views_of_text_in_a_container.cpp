// Refused: brood: a std::string_view sees text of its own process and cannot travel as a result
// Refused: use a std::string there
#include <string_view>
#include <tuple>
#include <vector>

#include <brood/pool.hpp>

int longest(std::string_view one, int other);

void call(brood::Pool& pool, const std::vector<std::tuple<std::string_view, int>>& texts) {
  pool.starmap(longest, texts);
}
