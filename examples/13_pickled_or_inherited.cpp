// Why does my child find everything under fork, and half of it under spawn? A forked child has the
// argument itself, with all that is in it; a spawned one has what serialize() made bytes of. And a
// global is under fork what main made of it, under spawn what the program begins with.
#include <brood/brood.hpp>
#include <iomanip>
#include <iostream>

int level = 0;  // main makes it 1

struct Model {
  std::string name{};
  int cache = -1;  // not worth sending
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name);
  }
};

void look(const Model& model, brood::Connection out) {
  out.send(std::tuple(level, model.name, model.cache));
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  level = 1;
  const Model model{"wind", 42};
  std::cout << "method  global  argument's name  its cache\n";
  for (const std::string method : {"fork", "spawn"}) {
    auto [here, there] = brood::pipe();
    brood::Process child({.start_method = method}, look, model, there);
    child.start();
    const auto [found, name, cache] = here.recv<std::tuple<int, std::string, int>>().get();
    std::cout << std::left << std::setw(6) << method << std::right << std::setw(8) << found
              << std::setw(17) << name << std::setw(11) << cache << '\n';
  }
}

// Prints: method  global  argument's name  its cache
// Prints: fork         1             wind         42
// Prints: spawn        0             wind         -1
