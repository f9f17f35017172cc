#include "linked.hpp"

namespace linked {
int triple(int x) { return 3 * x; }
int Scaler::scaled(int x) const { return factor * x; }
int Scaler::offset(int x) const { return factor + x; }
}  // namespace linked
