// Three elements of ten thousand fail: the pool keeps them, and one runs again where a debugger
// could look at it.
#include <brood/brood.hpp>

#include <filesystem>
#include <iostream>
#include <numeric>

int parse(int number) {
  if (number % 3000 == 2999) throw std::invalid_argument("no header in " + std::to_string(number));
  return number;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);  // ./program --brood-replay FILE runs that element, and ends here
  const auto directory = std::filesystem::temp_directory_path() / "brood-example-23";
  std::filesystem::remove_all(directory);

  std::vector<int> numbers(10'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  brood::Pool pool({.workers = 2, .save_failed = directory.string()});
  const std::vector<brood::Outcome<int>> outcomes = pool.try_map(parse, numbers);
  std::cout << brood::summary(outcomes).failed() << " failed\n";

  // What describe() tells ends with the command: "run it again: ./program --brood-replay FILE".
  const std::string file = brood::origin(outcomes[5999].error())->saved;
  const brood::Replay again = brood::replay(file);  // the same, from within the program
  std::cout << "element " << again.index() << ' ' << again.str() << '\n';
  std::filesystem::remove_all(directory);

  // The whole call in this process: a breakpoint in parse() is met. So it is without a change of
  // the program, by BROOD_START_METHOD=inline in its environment.
  brood::Pool here({.start_method = "inline"});
  try {
    here.map(parse, numbers);
  } catch (const std::invalid_argument& error) {
    std::cout << "inline: " << error.what() << '\n';
  }
}
// Prints: 3 failed
// Prints: element 5999 threw std::invalid_argument: no header in 5999
// Prints: inline: no header in 2999
