// How do several processes fill one dictionary? A manager holds it, in a process of its own, and
// all have a proxy. What a proxy gives is a copy: a list in the dictionary is managed itself, or
// what is appended to the copy is lost.
#include <brood/brood.hpp>
#include <iostream>

using Degrees = brood::ManagedDict<std::string, int>;
using Notes = brood::ManagedList<std::string>;

void measure(const std::string& city, Degrees degrees, brood::ManagedValue<int> warmest,
             brood::ManagedLock lock) {
  degrees.set(city, 10 + static_cast<int>(city.size()));
  const std::lock_guard guard(lock);  // a look and a change belong together
  if (degrees.at(city) > warmest.get()) warmest.set(degrees.at(city));
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Manager manager;
  const Degrees degrees = manager.dict<std::string, int>();
  const auto warmest = manager.value(0);
  const auto lock = manager.lock();
  std::vector<brood::Process> children;
  for (const char* city : {"Oslo", "Quito", "Nairobi"})
    children.emplace_back(measure, city, degrees, warmest, lock).start();
  for (brood::Process& child : children) child.join();
  for (const auto& [city, value] : degrees.items()) std::cout << city << ": " << value << '\n';
  std::cout << "warmest: " << warmest.get() << '\n';

  const auto plain = manager.dict<std::string, std::vector<std::string>>();
  const auto managed = manager.dict<std::string, Notes>();
  plain.set("Oslo", {});
  managed.set("Oslo", manager.list<std::string>());
  plain.at("Oslo").push_back("lost");  // changes the copy that came back
  managed.at("Oslo").push_back("kept");
  std::cout << "plain list: " << plain.at("Oslo").size()
            << ", managed list: " << managed.at("Oslo").size() << '\n';
}

// Prints: Nairobi: 17
// Prints: Oslo: 14
// Prints: Quito: 15
// Prints: warmest: 17
// Prints: plain list: 0, managed list: 1
