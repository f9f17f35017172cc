// Refused: brood: a std::string_view sees text of its own process and cannot travel as a result
// Refused: use a std::string there
#include <string_view>
#include <vector>

#include <brood/pool.hpp>

std::string_view name(int number);

void call(brood::Pool& pool, const std::vector<int>& numbers) {
  for (const std::string_view text : pool.imap(name, numbers)) static_cast<void>(text);
}
