// The address of a global is the same in every process, so how can its values differ? And why does
// main not see what a child wrote? Addresses are each process's own: a forked child has a copy of
// the memory behind them, a spawned one has begun anew.
#include <brood/brood.hpp>
#include <cstdint>
#include <iostream>

int visits = 1;  // main makes it 10

struct Visit {
  int found, left;
  std::uintptr_t address;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(found, left, address);
  }
};

std::uintptr_t address() { return reinterpret_cast<std::uintptr_t>(&visits); }

void visit(int count, brood::Connection out) {
  const int found = visits;
  visits += count;
  out.send(Visit{found, visits, address()});
}

void ask(const std::string& method, const std::string& name, int count) {
  auto [here, there] = brood::pipe();
  brood::Process child({.start_method = method}, visit, count, there);
  child.start();
  const Visit seen = here.recv<Visit>();
  std::cout << method << ", " << name << ": finds " << seen.found << " at "
            << (seen.address == address() ? "main's address" : "another address") << ", leaves "
            << seen.left << '\n';
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  visits = 10;
  for (const std::string method : {"fork", "spawn"}) {
    ask(method, "first child", 1);
    ask(method, "second child", 2);
    std::cout << "main: has " << visits << '\n';
  }
}

// Prints: fork, first child: finds 10 at main's address, leaves 11
// Prints: fork, second child: finds 10 at main's address, leaves 12
// Prints: main: has 10
// Prints: spawn, first child: finds 1 at another address, leaves 2
// Prints: spawn, second child: finds 1 at another address, leaves 3
// Prints: main: has 10
