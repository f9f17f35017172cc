// Every error as the user meets it. After each the pool works on.
#include <brood/brood.hpp>
#include <csignal>
#include <functional>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;
using namespace brood::literals;

struct ParseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
const bool registered = brood::register_exception<ParseError>();

int at(const std::vector<int>& v, int i) { return v.at(static_cast<std::size_t>(i)); }
void parse() { throw ParseError("line 7"); }
void throw_number() { throw 42; }
void nap() { std::this_thread::sleep_for(1h); }
void take(const std::string&) {}

template <class E>
void show(const char* type, const std::function<void()>& call) {
  try {
    call();
  } catch (const E& error) {
    const bool nested = dynamic_cast<const std::nested_exception*>(&error) != nullptr;
    std::cout << type << (nested ? ", with a TaskError: " : ": ") << error.what() << '\n';
  }
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool({.workers = 1, .limits = {.core_size = 0}, .max_message_size = 1_MiB});
  auto napping = pool.apply_async(nap);
  show<brood::TimeoutError>("TimeoutError", [&] { napping.get_for(1ms); });
  napping.cancel(brood::Kill::yes);
  show<brood::Cancelled>("Cancelled", [&] { napping.get(); });
  show<std::out_of_range>("out_of_range", [&] { pool.apply(at, std::vector{1}, 3); });
  show<ParseError>("ParseError", [&] { pool.apply(parse); });
  show<brood::TaskError>("TaskError", [&] { pool.apply(throw_number); });
  show<brood::WorkerLost>("WorkerLost", [&] { pool.apply(std::raise, SIGKILL); });
  show<brood::WorkerLost>("WorkerLost", [&] { pool.apply(std::abort); });
  show<brood::TaskTimeout>("TaskTimeout", [&] { pool.with({.timeout = 9ms}).apply(nap); });
  show<brood::CodecError>("CodecError", [&] { pool.apply(take, std::string(2_MiB, 'x')); });
  show<brood::UsageError>("UsageError", [&] { pool.join(); });
  pool.close();
  show<brood::PoolClosed>("PoolClosed", [&] { pool.apply(parse); });
  show<brood::StartError>("StartError", [] { brood::Pool({.initializer = parse}).apply(nap); });
  show<brood::SystemError>("SystemError", [] { brood::SystemError("x", "y", 1); });
}
