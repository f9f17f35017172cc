// Refused: brood: a task's result is returned by value; return a copy: a reference
#include <string>

#include <brood/pool.hpp>

const std::string& name(int number);

std::string call(brood::Pool& pool) { return pool.apply_async(name, 1).get(); }
