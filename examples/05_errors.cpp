// Every error as the user meets it. After each the pool works on.
#include <sys/resource.h>

#include <brood/brood.hpp>
#include <csignal>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;
struct ParseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
const bool registered = brood::register_exception<ParseError>();
void parse() { throw ParseError("line 7"); }
void nap() { std::this_thread::sleep_for(1h); }

template <class E, class F>
void show(const char* type, F call) {
  try {
    call();
  } catch (const E& error) {
    const bool nested = dynamic_cast<const std::nested_exception*>(&error) != nullptr;
    std::cout << type << (nested ? ", a TaskError in it: " : ": ") << error.what() << '\n';
  }
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool({.workers = 1, .limits = {.core_size = 0}});
  auto napping = pool.apply_async(nap);
  show<brood::TimeoutError>("TimeoutError", [&] { napping.get_for(1ms); });
  napping.cancel(brood::Kill::yes);
  show<brood::Cancelled>("Cancelled", [&] { napping.get(); });
  show<std::out_of_range>("out_of_range", [&] { pool.apply([] { return std::string().at(3); }); });
  show<ParseError>("ParseError", [&] { pool.apply(parse); });
  show<brood::TaskError>("TaskError", [&] { pool.apply([] { throw 42; }); });
  show<brood::WorkerLost>("WorkerLost", [&] { pool.apply(std::raise, SIGKILL); });
  show<brood::WorkerLost>("WorkerLost", [&] { pool.apply(std::abort); });
  show<brood::TaskTimeout>("TaskTimeout", [&] { pool.with({.timeout = 9ms}).apply(nap); });
  show<brood::CodecError>("CodecError", [&] { pool.apply(static_cast<void (*)()>(nullptr)); });
  pool.close();
  show<brood::PoolClosed>("PoolClosed, a UsageError", [&] { pool.apply(parse); });
  show<brood::StartError>("StartError", [] { brood::Pool({.initializer = parse}).apply(nap); });
  const rlimit few{8, 8};
  setrlimit(RLIMIT_NOFILE, &few);
  show<brood::SystemError>("SystemError", [] { brood::Pool(8).apply(nap); });
}

// Prints~ TimeoutError: .*
// Prints: Cancelled: the task was cancelled
// Prints~ out_of_range, a TaskError in it: basic_string::at: .*
// Prints: ParseError, a TaskError in it: line 7
// Prints~ TaskError: int: 42 \[thrown in element 0 by worker ForkServerPoolWorker-.*
// Prints~ WorkerLost: worker .* died by signal 9 \(SIGKILL, Killed\) in element 0: .*
// Prints~ WorkerLost: worker .* died by signal 6 \(SIGABRT, Aborted\) in element 0: .*
// Prints~ TaskTimeout: element 0 ran longer than its limit of 9 ms; worker .* was stopped
// Prints: CodecError: cannot encode function: it is a null pointer: there is nothing to call
// Prints~ PoolClosed, a UsageError: .* after close\(\) or terminate\(\)
// Prints~ StartError: .*"forkserver", in its initializer: ParseError: line 7
// Prints~ SystemError: .*\[EMFILE\]
