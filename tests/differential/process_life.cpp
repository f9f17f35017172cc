// A process's life: join with a timeout, the sentinel, and what is refused when.
#include <brood/brood.hpp>
#include <iostream>

#include "refused.hpp"

using namespace std::chrono_literals;

std::string code(const brood::Process& child) {
  const auto code = child.exit_code();
  return code.has_value() ? std::to_string(*code) : "nothing";
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  const brood::Event gate;
  brood::Process child([](const brood::Event& opened) { opened.wait(); }, gate);
  std::cout << "join before start refused: " << refused([&] { child.join(); }) << '\n';
  child.start();
  std::cout << "start twice refused: " << refused([&] { child.start(); }) << '\n';
  child.join_for(0s);
  child.join_for(10ms);
  std::cout << "after join(0.01): alive " << child.is_alive() << " code " << code(child) << '\n';
  std::cout << "sentinel ready: " << (brood::wait({child.sentinel()}, 0s).size() == 1) << '\n';
  std::cout << "close while it runs refused: " << refused([&] { child.close(); }) << '\n';
  gate.set();
  std::cout << "sentinel ready: " << (brood::wait({child.sentinel()}).size() == 1) << '\n';
  child.join_for(60s);
  child.join();
  std::cout << "joined twice: alive " << child.is_alive() << " code " << code(child) << '\n';
  child.terminate();
  std::cout << "terminated when over: code " << code(child) << '\n';
  child.close();
  child.close();
  std::cout << "join after close refused: " << refused([&] { child.join(); }) << '\n';
}
