// What lies in shared memory: numbers, structures, arrays, and their locks.
#include <algorithm>
#include <brood/brood.hpp>
#include <iomanip>
#include <iostream>

struct Point {
  double x, y;
};

void change(brood::Value<long> number, brood::Value<Point> point, brood::Array<double> grid,
            brood::SharedMemory letters) {
  number.update([](long n) { return 2 * n; });
  point.update([](Point& p) { p.y = -p.x; });
  {
    const auto guard = grid.lock();
    for (double& element : grid) element += 0.5;
  }
  letters[1] = std::byte('a');
}

void locked_elsewhere(brood::Array<double> grid, brood::Connection out) {
  const std::unique_lock guard(grid.mutex(), std::try_to_lock);
  out.send(!guard);
}

template <class Range>
void print(const char* title, const Range& range) {
  std::cout << title;
  for (const auto& element : range) std::cout << ' ' << element;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha << std::showpoint
            << std::setprecision(2);  // 1.0, as Python writes it
  brood::Value<long> number(1L << 40);
  brood::Value<Point> point({1.5, 2.5});
  brood::Array<double> grid{1, 2, 3, 4};
  brood::SharedMemory letters(3);
  std::ranges::copy(std::as_bytes(std::span("xyz", 3)), letters.begin());
  brood::Process child(change, number, point, grid, letters);
  child.start();
  child.join();
  std::cout << "number: " << number.get() << '\n';
  std::cout << "point: " << point.get().x << ' ' << point.get().y << '\n';
  print("grid:", grid);
  std::cout << " of " << grid.size() << '\n';
  const std::string text(reinterpret_cast<const char*>(letters.data()), letters.size());
  std::cout << "letters: " << text << " of " << letters.size() << '\n';

  std::ranges::copy(std::array{7.5, 8.5}, grid.slice(1, 2).begin());
  print("a slice:", grid.slice(1, 2));
  print(" all:", grid);
  try {
    grid.at(4);
  } catch (const std::out_of_range&) {
    std::cout << "\nbeyond the end: true\n";
  }

  auto [here, there] = brood::pipe();
  auto guard = grid.lock();
  brood::Process other(locked_elsewhere, grid, there);
  other.start();
  std::cout << "lock held here, locked for a child: " << here.recv<bool>().get() << '\n';
  guard.unlock();
  print("zeros:", brood::Array<int>(3));
  std::cout << '\n';
}
