// How long will it take? A bar on stderr for a call, for a loop of the program's own, and a
// function in the place of a bar. Where stderr is no terminal, each bar leaves its last line there.
#include <brood/brood.hpp>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

int decode(int frame) {
  std::this_thread::sleep_for(frame % 100 == 0 ? 20ms : 1ms);  // elements are seldom even
  if (frame % 250 == 0) throw std::runtime_error("damaged");
  return frame;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool(4);
  std::vector<int> frames(1000);
  for (int i = 0; i < 1000; ++i) frames[static_cast<std::size_t>(i)] = i;

  // decoding  43% [########............]  430/1000 83.2/s 0:07 left 2 failed
  const brood::ProgressBar bar("decoding");
  const auto outcomes = pool.with({.progress = bar}).try_map(decode, frames);
  for (const auto& outcome : outcomes) {
    if (!outcome.has_value()) std::cout << "a frame is missing\n";
  }

  // A handle: the copy in the options is the same bar, which begins anew. Lines of the log are
  // printed above it, and so is what is printed like this:
  for (const int frame : pool.with({.progress = bar}).imap(decode, std::vector{1, 2, 3}))
    bar.above([&] { std::cout << "frame " << frame << std::endl; });

  const brood::ProgressBar own("a loop");
  for (std::size_t done = 0; done < 10;) own({.done = ++done, .total = 10});

  brood::Progress last;
  const auto note = [&](brood::Progress progress) { last = progress; };
  pool.with({.progress = note}).try_map(decode, std::vector{0, 1, 2, 250});
  std::cout << last.done << " of " << last.total << ", " << last.failed << " failed\n";
}

// Prints: a frame is missing
// Prints: a frame is missing
// Prints: a frame is missing
// Prints: a frame is missing
// Prints: frame 1
// Prints: frame 2
// Prints: frame 3
// Prints: 4 of 4, 2 failed
