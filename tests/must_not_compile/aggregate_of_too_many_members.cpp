// Refused: brood: an aggregate of more than 32 members cannot travel by its members; give it
#include <brood/pool.hpp>

struct Many {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z;
  int aa, bb, cc, dd, ee, ff, gg;
};

int sum(const Many& many);

int call(brood::Pool& pool, const Many& many) { return pool.apply(sum, many); }
