// Refused: brood: an aggregate with a pointer as a member cannot travel: a pointer means nothing in
// another process; hold the value Refused: Person
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
