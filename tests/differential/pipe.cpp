// Both ends of a pipe: messages, polls, and the end of the stream.
#include <algorithm>
#include <brood/brood.hpp>
#include <iostream>

using namespace std::chrono_literals;

void echo(brood::Connection connection) {
  while (auto text = connection.recv<std::string>()) {
    std::ranges::transform(*text, text->begin(), ::toupper);
    connection.send(*text);
  }
}
void count_down(int number, brood::Connection connection) {
  for (int value = number; value > 0; --value) connection.send(value);
}

template <class F>
void attempt(const std::string& name, F call) try {
  std::cout << name << ": " << std::flush;
  call();
} catch (const brood::EndOfStream&) {
  std::cout << "end of the stream\n";
} catch (const brood::UsageError&) {
  std::cout << "refused\n";
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  auto [here, there] = brood::pipe();
  brood::Process echoing(echo, there);
  echoing.start();
  there.close();
  std::cout << "poll of nothing: " << here.poll() << ' ' << here.poll(10ms) << '\n';
  for (const char* text : {"one", "two"}) {
    here.send(text);
    std::cout << "poll: " << here.poll(60s) << '\n';
    std::cout << "recv: " << here.recv<std::string>().get() << '\n';
  }
  here.close();
  echoing.join();
  attempt("recv of a closed one", [&end = here] { end.recv<int>(); });

  auto [numbers, counter] = brood::pipe(brood::Duplex::no);
  brood::Process counting(count_down, 3, counter);
  counting.start();
  counter.close();
  for (int i = 0; i < 4; ++i)
    attempt("recv", [&end = numbers] { std::cout << end.recv<int>().get() << '\n'; });
  std::cout << "poll at the end: " << numbers.poll() << '\n';
  counting.join();
}
