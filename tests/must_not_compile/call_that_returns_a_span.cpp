// Refused: brood: a std::span sees memory of its own process and cannot travel as a result
// Refused: use a std::vector there
#include <span>

#include <brood/pool.hpp>

std::span<const int> numbers(int count);

void call(brood::Pool& pool) {
  for (const int number : pool.apply(numbers, 1)) static_cast<void>(number);
}
