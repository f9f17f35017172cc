// Refused: brood: a std::span sees memory of its own process and cannot travel
#include <span>
#include <vector>

#include <brood/brood.hpp>

void send(brood::Connection& connection, const std::vector<std::span<int>>& spans) {
  connection.send(spans);
}
