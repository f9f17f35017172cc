// Results that come later: callbacks, a coroutine that awaits, and giving up.
#include <brood/brood.hpp>
#include <coroutine>
#include <future>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

int square(int x) { return x * x; }
int refuse(int) { throw std::domain_error("not today"); }
void sleep_long() { std::this_thread::sleep_for(1h); }

/// The simplest coroutine: starts at once, and nothing waits for it here.
struct Flow {
  struct promise_type {
    Flow get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Flow add_squares(brood::Pool& pool, std::promise<int>& sum) {
  const auto a = pool.apply_async(square, 3);
  const auto b = pool.apply_async(square, 4);
  sum.set_value(co_await a + co_await b);
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool(2);

  std::promise<std::string> good, bad;  // callbacks run on a thread of the pool
  auto one = pool.apply_async(square, 5);
  one.on_success([&](int value) { good.set_value("success: " + std::to_string(value)); });
  one.on_error([&](const std::exception_ptr&) { good.set_value("never called"); });
  auto other = pool.apply_async(refuse, 5);
  other.on_success([&](int) { bad.set_value("never called"); });
  other.on_error([&](const std::exception_ptr& error) { bad.set_exception(error); });
  std::cout << good.get_future().get() << '\n';
  try {
    bad.get_future().get();
  } catch (const std::domain_error& error) {
    std::cout << "error: " << error.what() << '\n';
  }
  std::promise<int> sum;
  add_squares(pool, sum);
  std::cout << "coroutine: " << sum.get_future().get() << '\n';
  auto endless = pool.apply_async(sleep_long);
  std::cout << std::boolalpha << "in time: " << endless.wait_for(10ms) << '\n';
  std::cout << "cancelled: " << endless.cancel(brood::Kill::yes) << '\n';
}

// Prints: success: 25
// Prints: error: not today
// Prints: coroutine: 25
// Prints: in time: false
// Prints: cancelled: true
