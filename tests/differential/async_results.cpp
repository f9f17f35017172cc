// Results that come later: callbacks, timeouts, and what is refused.
#include <brood/brood.hpp>
#include <future>
#include <iostream>

#include "half.hpp"
#include "refused.hpp"

std::string wait_for(const brood::Event& gate) {
  gate.wait();
  return "opened";
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  const brood::Event gate;
  brood::Pool pool(2);
  // Callbacks run in a thread of the pool, before get() returns or after it: here we wait for them.
  std::promise<int> succeeded, failed;
  auto good = pool.apply_async(half, 10);
  good.on_success([&](int value) { succeeded.set_value(value); });
  std::cout << "callback: " << succeeded.get_future().get() << '\n';
  std::cout << "get: " << good.get() << '\n';
  auto bad = pool.apply_async(half, 11);
  bad.on_error([&](const std::exception_ptr& error) { failed.set_exception(error); });
  std::cout << "callback: ";
  attempt([&] { return failed.get_future().get(); });
  attempt([&] { return bad.get(); });
  std::cout << "successful: " << good.successful() << ' ' << bad.successful() << '\n';

  auto waiting = pool.apply_async(wait_for, gate);
  try {
    waiting.get_for(std::chrono::milliseconds(10));
  } catch (const brood::TimeoutError&) {
    std::cout << "get(0.01) timed out, ready: " << waiting.ready() << '\n';
  }
  std::cout << "successful refused before that: " << refused([&] { waiting.successful(); }) << '\n';
  gate.set();
  std::cout << "later: " << waiting.get() << '\n';
}
