// What did my pool do? Its statistics say it in numbers, at any time. A trace shows it, element by
// element: open run.html in a browser, or run.json in Perfetto.
#include <brood/brood.hpp>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <thread>

using namespace std::chrono_literals;

int decode(int frame) {
  std::this_thread::sleep_for(frame % 20 == 0 ? 10ms : 1ms);  // a few take longer
  if (frame == 13) throw std::runtime_error("damaged");
  return frame;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  const auto file = std::filesystem::temp_directory_path() / "brood-example-27.html";
  {
    brood::Pool pool({.workers = 2, .trace = file});
    std::vector<int> frames(100);
    std::iota(frames.begin(), frames.end(), 0);
    pool.try_map(decode, frames);

    const brood::Statistics statistics = pool.statistics();
    std::cout << statistics.count(brood::OutcomeKind::value) << " decoded, "
              << statistics.count(brood::OutcomeKind::exception) << " damaged\n";
    const brood::Histogram& running = statistics.running;
    std::cout << std::boolalpha << "half of them in 1 to 5 ms: "
              << (running.quantile(0.5) >= 1'000'000 && running.quantile(0.5) < 5'000'000)
              << ", the slowest in 10 ms or more: " << (running.max() >= 10'000'000) << '\n';
    for (const brood::Statistics::Worker& worker : statistics.workers)
      std::cout << worker.name << " had something to do: " << (worker.utilization > 0) << '\n';
    std::cout << statistics << '\n';
  }  // here the trace is written
  std::cout << "a page of its own: " << (std::filesystem::file_size(file) > 10'000) << '\n';
  std::filesystem::remove(file);
}

// Prints: 99 decoded, 1 damaged
// Prints: half of them in 1 to 5 ms: true, the slowest in 10 ms or more: true
// Prints: ForkServerPoolWorker-1 had something to do: true
// Prints: ForkServerPoolWorker-2 had something to do: true
// Prints: 100 elements: 99 value, 1 exception
// Prints~ .*count +mean +50% +90% +99% +max
// Prints~ .*waiting +100 .*
// Prints~ .*decoding +100 .*
// Prints~ .*running +100 +[0-9.]+ ms .*
// Prints~ .*encoding +100 .*
// Prints~ .*worker +done +busy +share +sent +received +restarts
// Prints~ .*ForkServerPoolWorker-1 .*
// Prints~ .*ForkServerPoolWorker-2 .*
// Prints~ .* sent, .* received, 0 restarts in .*
// Prints: a page of its own: true
