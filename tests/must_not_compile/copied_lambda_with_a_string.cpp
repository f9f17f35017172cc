// Refused: brood::copied: every capture must be a trivially copyable value; bind the others with
#include <string>

#include <brood/pool.hpp>
#include <brood/task.hpp>

std::size_t call(brood::Pool& pool, const std::string& text) {
  return pool.apply(brood::copied([text](std::size_t n) { return n + text.size(); }), 1u);
}
