// Refused: brood: a std::span sees memory of its own process and cannot travel
#include <span>

#include <brood/brood.hpp>

std::span<int> get(brood::Connection& connection) { return *connection.recv<std::span<int>>(); }
