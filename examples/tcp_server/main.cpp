// A TCP server: one thread of Asio serves all connections, processes compute. A request that takes
// too long or crashes its worker is answered so, and costs no other request anything.
// Needs: Asio
//
//   tcp_server [PORT]    listens at 127.0.0.1, by default at a free port, until SIGINT or SIGTERM
//   primes N  → how many primes are below N      sleep → timeout      crash → crashed
#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <brood/asio.hpp>
#include <brood/brood.hpp>
#include <csignal>
#include <iostream>
#include <sstream>
#include <thread>

namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;
constexpr auto time_limit = 2s;  // for a request, its time in the queue of the pool included
constexpr std::size_t longest_request = 1000;

// --- in the workers ---

int count_primes(int below) {
  int found = 0;
  for (int n = 2; n < below; ++n) {
    bool prime = true;
    for (int d = 2; prime && d <= n / d; ++d) prime = n % d != 0;
    found += prime ? 1 : 0;
  }
  return found;
}

std::string answer(const std::string& request) {
  std::istringstream words(request);
  std::string verb;
  int number = 0;
  words >> verb >> number;
  if (verb == "primes" && words) return std::to_string(count_primes(number));
  if (verb == "sleep") std::this_thread::sleep_for(1h);
  if (verb == "crash") std::abort();
  throw std::invalid_argument("this is no request: " + request);
}

// --- in the server ---

std::string reply_of(const std::exception_ptr& error, const std::string& value) try {
  if (error) std::rethrow_exception(error);
  return value;
} catch (const brood::WorkerLost&) {
  return "crashed";
} catch (const std::exception& failure) {
  return std::string("error: ") + failure.what();
}

// When the time is over the task is cancelled: the worker that runs it is stopped, and replaced.
asio::awaitable<std::string> reply_to(std::string request, brood::Pool& pool) {
  using namespace asio::experimental::awaitable_operators;
  using asio::experimental::as_tuple;
  asio::steady_timer timer(co_await asio::this_coro::executor, time_limit);
  // A tuple, as an error is to end the wait for both, too.
  auto first = co_await (brood::async_wait(pool.apply_async(answer, std::move(request)),
                                           as_tuple(asio::use_awaitable)) ||
                         timer.async_wait(asio::use_awaitable));
  if (first.index() == 1) co_return "timeout";
  const auto& [error, value] = std::get<0>(first);
  co_return reply_of(error, value);
}

asio::awaitable<void> serve(tcp::socket socket, brood::Pool& pool, int& answered) {
  std::string received;
  for (;;) {
    const std::size_t size = co_await asio::async_read_until(
        socket, asio::dynamic_buffer(received, longest_request), '\n', asio::use_awaitable);
    std::string reply = co_await reply_to(received.substr(0, size - 1), pool);
    received.erase(0, size);
    reply += '\n';
    co_await asio::async_write(socket, asio::buffer(reply), asio::use_awaitable);
    ++answered;
  }
}

asio::awaitable<void> accept(tcp::acceptor acceptor, brood::Pool& pool, int& answered) {
  // A client that has gone is an error of its connection and of nothing else.
  const auto ends = [](const std::exception_ptr&) {};
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), pool, answered), ends);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  brood::init(argc, argv);
  const auto port = static_cast<asio::ip::port_type>(argc > 1 ? std::stoi(argv[1]) : 0);
  brood::Pool pool(2);
  int answered = 0;
  {
    asio::io_context io;
    tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), port});
    std::cout << "port " << acceptor.local_endpoint().port() << std::endl;
    asio::co_spawn(io, accept(std::move(acceptor), pool, answered), asio::detached);
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](const asio::error_code&, int) { io.stop(); });
    io.run();
  }  // connections are closed, and requests dropped that were not answered
  pool.terminate();
  pool.join();
  std::cout << "stopped after " << answered << " answers\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
