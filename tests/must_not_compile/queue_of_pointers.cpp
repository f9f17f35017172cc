// Refused: brood: a pointer means nothing in another process; pass the value
#include <brood/queue.hpp>

void put(const brood::Queue<const int*>& queue, const int* number) { queue.put(number); }
