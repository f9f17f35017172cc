// Every error as the user meets it. After each the pool works on.
#include <brood/brood.hpp>
#include <csignal>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;
using namespace brood::literals;

struct ParseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
const bool registered = brood::register_exception<ParseError>();

int fourth(const std::vector<int>& v) { return v.size() > 3 ? v[3] : throw std::out_of_range("four"); }
void parse() { throw ParseError("line 7"); }
void throw_number() { throw 42; }
void nap() { std::this_thread::sleep_for(1h); }
std::size_t length(const std::string& text) { return text.size(); }
void fail() { throw std::runtime_error("no licence"); }

template <class E, class F, class Text>
void expect(const char* name, F call, Text text) {
  try {
    call();
  } catch (const E& error) {
    std::cout << name << ": " << text(error) << '\n';
  }
}

std::string cause(const std::exception& error) {
  try {
    std::rethrow_if_nested(error);
  } catch (const brood::TaskError& task) {
    return error.what() + (" in element " + std::to_string(task.index()));
  }
  return error.what();
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool({.workers = 1, .limits = {.core_size = 0}, .max_message_size = 1_MiB});
  const auto what = [](const auto& error) { return std::string(error.what()); };
  const auto how = [](const auto& error) { return error.status().describe(); };
  const auto name = [](const auto& error) { return error.type_name(); };
  const auto full = [](const auto& error) { return std::to_string(error.limit()) + " bytes"; };
  const auto wait = [](const auto& error) { return std::to_string(error.limit() / 1ms) + " ms"; };
  const std::vector<std::vector<int>> lists{{1, 2, 3, 4}, {5}};
  auto napping = pool.apply_async(nap);

  expect<brood::TimeoutError>("TimeoutError", [&] { napping.get_for(1ms); }, what);
  napping.cancel(brood::Kill::yes);
  expect<brood::Cancelled>("Cancelled", [&] { napping.get(); }, what);
  expect<std::out_of_range>("std::out_of_range", [&] { pool.map(fourth, lists); }, cause);
  expect<ParseError>("ParseError", [&] { pool.apply(parse); }, cause);
  expect<brood::TaskError>("TaskError", [&] { pool.apply(throw_number); }, name);
  expect<brood::WorkerLost>("WorkerLost", [&] { pool.apply(std::raise, SIGKILL); }, how);
  expect<brood::WorkerLost>("WorkerLost", [&] { pool.apply(std::abort); }, how);
  expect<brood::TaskTimeout>("TaskTimeout", [&] { pool.with({.timeout = 9ms}).apply(nap); }, wait);
  expect<brood::CodecError>("CodecError", [&] { pool.apply(length, std::string(2_MiB, 'x')); }, full);
  expect<brood::UsageError>("UsageError", [&] { pool.join(); }, what);
  pool.close();
  expect<brood::PoolClosed>("PoolClosed", [&] { pool.apply(parse); }, what);
  expect<brood::StartError>("StartError", [] { brood::Pool({.initializer = fail}).apply(parse); }, what);
}
