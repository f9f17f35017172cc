// Refused: brood: an aggregate with a member that is a reference, const, or without a default
// Refused: make that a plain value, or give the aggregate a cereal serialize() function
// Refused: Person
#include <string>

#include <brood/pool.hpp>

struct Person {
  const std::string& name;
  int age;
};

int age(const Person& person);

int call(brood::Pool& pool, const Person& person) { return pool.apply(age, person); }
