// Refused: brood: a std::span sees memory of its own process and cannot travel as a result
// Refused: use a std::vector there
#include <span>
#include <vector>

#include <brood/pool.hpp>

int sum(const std::vector<std::span<int>>& parts);

int call(brood::Pool& pool, const std::vector<std::span<int>>& parts) {
  return pool.apply(sum, parts);
}
