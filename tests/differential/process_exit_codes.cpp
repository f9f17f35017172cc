// Names of processes, and how they end.
#include <brood/brood.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

void nothing(int) {}
void fail() { throw std::runtime_error("on purpose"); }

void wait_for_ever(const brood::Event& ready) {
  ready.set();
  brood::Event().wait();
}

void show(const brood::Process& child) {
  const auto code = child.exit_code();
  std::cout << child.name() << ": alive " << child.is_alive() << ", exit code "
            << (code.has_value() ? std::to_string(*code) : "nothing") << '\n';
}

void run(brood::Process child) {
  child.start();
  child.join();
  show(child);
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  for (const std::string method : {"fork", "spawn"}) {
    run(brood::Process({.start_method = method}, nothing, 1));
    run(brood::Process({.name = "three", .start_method = method}, std::exit, 3));
    run(brood::Process({.start_method = method}, std::exit, 300));
    run(brood::Process({.start_method = method}, std::_Exit, 4));
    run(brood::Process({.start_method = method}, fail));
    run(brood::Process({.start_method = method}, std::raise, SIGUSR1));

    for (const auto stop : {&brood::Process::terminate, &brood::Process::kill}) {
      const brood::Event ready;
      brood::Process child({.start_method = method, .daemon = true}, wait_for_ever, ready);
      show(child);
      child.start();
      ready.wait();
      show(child);
      (child.*stop)();
      child.join();
      show(child);
    }
  }
}
