// Refused: brood: an aggregate with a pointer as a member cannot travel
// Refused: hold the value, a std::string, a std::vector or a std::unique_ptr instead
// Refused: Member<Person, const char
#include <string>
#include <vector>

#include <brood/pool.hpp>

struct Person {
  std::string name;
  const char* title;
};

int age(const Person& person);

std::vector<int> call(brood::Pool& pool, const std::vector<Person>& people) {
  return pool.map(age, people);
}
