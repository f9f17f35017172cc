// Start methods: their names, and which globals a child sees.
#include <unistd.h>

#include <algorithm>
#include <brood/brood.hpp>
#include <iostream>
#include <sstream>

#include "refused.hpp"

std::string setting = "from the program's text";
std::vector<std::string> cities{"Oslo"};

std::string text_of(const std::vector<int>& numbers) {
  std::ostringstream out;
  for (const char* separator = "["; const int number : numbers) {
    out << separator << number;
    separator = ", ";
  }
  return out.str() + "]";
}

void look(std::vector<int> argument, brood::Connection out) {
  const std::string seen =
      setting + "; " + std::to_string(cities.size()) + " cities; argument " + text_of(argument);
  const char* const parent = getppid() == brood::parent_process()->pid() ? "main" : "a server";
  cities.push_back("lost");
  argument.push_back(3);
  out.send(std::array<std::string, 3>{seen, parent, brood::get_start_method()});
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  setting = "from main";
  cities.push_back("Quito");
  std::cout << "methods:";
  std::vector<std::string> methods = brood::start_methods();
  std::ranges::sort(methods);
  for (const std::string& method : methods) std::cout << ' ' << method;
  std::cout << "\nanother refused: " << refused([] { brood::set_start_method("teleport"); })
            << '\n';
  for (const std::string& method : methods) {
    brood::set_start_method(method);
    const std::vector<int> argument{1, 2};
    auto [here, there] = brood::pipe();
    brood::Process child(look, argument, there);
    child.start();
    const auto [seen, parent, inherited] = here.recv<std::array<std::string, 3>>().get();
    child.join();
    std::cout << brood::get_start_method() << ": child of " << parent << ", whose default is "
              << inherited << "\n  sees: " << seen << "; and main's: " << cities.size()
              << " cities, argument " << text_of(argument) << '\n';
  }
}
