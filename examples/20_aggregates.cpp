// Must I write a serializer for each of my structs? Not for one whose members are all public: it
// travels by its members, whatever they are, as argument, as result and in containers. A vector of
// structs of numbers is one block of bytes.
#include <brood/brood.hpp>
#include <cmath>
#include <iostream>
#include <map>
#include <numbers>
#include <optional>
#include <span>

struct Point {
  double x, y;
};
struct City {
  std::string name;
  Point place;
  std::map<std::string, int> people;  // by year
  std::optional<std::string> nickname;
};

City grown(City city, int percent) {
  for (auto& [year, count] : city.people) count += count * percent / 100;
  city.nickname = "big " + city.name;
  return city;
}

// A function object may be one, too: its members go with it.
struct Turn {
  double quarters;
  Point operator()(Point p) const {
    const double angle = quarters * std::numbers::pi / 2, c = std::cos(angle), s = std::sin(angle);
    return {std::round(c * p.x - s * p.y), std::round(s * p.x + c * p.y)};
  }
};

// A span sees the points where they are, without a copy.
double sum(std::span<const Point> points) {
  double total = 0;
  for (const Point& p : points) total += p.x + p.y;
  return total;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool(2);
  const City ulm{"Ulm", {48.4, 10.0}, {{"2000", 1000}, {"2020", 1200}}, {}};
  const City ems{"Ems", {50.3, 7.7}, {{"2020", 900}}, {}};
  for (const City& city : pool.starmap(grown, {{ulm, 10}, {ems, 20}}))
    std::cout << *city.nickname << ": " << city.people.at("2020") << '\n';

  std::vector<Point> points(1000, {1, 2});
  pool.map_into(Turn{1}, points, points);
  std::cout << points[0].x << ' ' << points[0].y << ", sum " << pool.apply(sum, points) << '\n';
}

// Prints: big Ulm: 1320
// Prints: big Ems: 1080
// Prints: -2 1, sum -1000
