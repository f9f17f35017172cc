// Refused: brood: an aggregate with a base class cannot travel by its members; give it a cereal
// Refused: make the base its first member
#include <vector>

#include <brood/pool.hpp>

struct Point {
  double x, y;
};
struct Solid : Point {
  double z;
};

double norm(const Solid& solid);

void call(brood::Pool& pool, const std::vector<Solid>& solids) { pool.try_map(norm, solids); }
