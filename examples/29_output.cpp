// What tasks print: beside their outcome, in the report of a crash, or as lines with a name in
// front.
#include <brood/brood.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

// As old code and its child processes do: with stdio, and to whatever stdout is.
int import(int number) {
  std::printf("reading part %d\n", number);
  if (number == 2) throw std::runtime_error("no header");
  if (number == 3) {
    std::printf("an offset of -1?\n");
    std::raise(SIGKILL);
  }
  return std::system("echo checked by a child");
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool(2);

  const auto outcomes = pool.with({.output = brood::Output::capture}).try_map(import, {1, 2, 3});
  std::cout << outcomes[0].output();
  std::cout << "it threw, after: " << outcomes[1].output();
  const auto* lost = outcomes[2].error_as<brood::WorkerLost>();
  std::cout << "signal " << lost->signal() << " came after:\n" << lost->report().output;

  // Only the end of much is kept.
  const auto last =
      pool.with({.output = brood::Output::capture, .output_limit = 6}).try_map(import, {4});
  std::cout << "its end: " << last[0].output();
  std::cout.flush();

  // Lines as they come. Before the call returns they are printed.
  pool.with({.output = brood::Output::prefix}).map(import, {5});
  std::cout << "done\n";
}

// Prints: reading part 1
// Prints: checked by a child
// Prints: it threw, after: reading part 2
// Prints: signal 9 came after:
// Prints: reading part 3
// Prints: an offset of -1?
// Prints: its end: child
// Prints~ \[ForkServerPoolWorker-[0-9]+ #0\] reading part 5
// Prints~ \[ForkServerPoolWorker-[0-9]+ #0\] checked by a child
// Prints: done
