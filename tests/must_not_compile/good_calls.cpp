// Compiles
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include <brood/brood.hpp>

struct Point {
  double x, y;
  double norm() const;
};
struct Person {
  std::string name;
  std::map<std::string, Point> places;
  std::optional<Point> home;
  int digits[4];
};
struct Scale {
  double factor;
  double operator()(double x) const { return factor * x; }
};

int sum(std::span<const int> numbers);
int longest(std::string_view text, int number);
int age(const Person& person);
Person move(Person person, Point to);
Point add(Point a, Point b);
void print(Point point);

void call(const brood::Pool& pool, const std::vector<Point>& points, std::vector<Person>& people) {
  const std::vector<int> numbers = pool.map(age, people);
  pool.apply(sum, numbers);
  pool.apply(sum, std::span<const int>(numbers));
  pool.map(sum, std::vector<std::span<const int>>{});
  pool.starmap(longest, {{"text", 1}, {"more", 2}});
  people = pool.starmap(move, std::vector<std::pair<Person, Point>>{});
  pool.map(&Point::norm, points);
  pool.map(&Point::x, points);
  pool.for_each(print, points);
  const Point all = pool.map_reduce(&Point::x, points, std::plus<double>(), 0.0) > 1
                        ? pool.apply(add, points[0], points[1])
                        : Point{};
  pool.apply(Scale{2}, all.x);
  pool.apply(brood::task(add, all), all);
  pool.map(brood::copied([all](int x) { return x + all.x; }), numbers);
  pool.map(brood::copied([n = std::optional<int>(3)](int x) { return x + *n; }), numbers);
}

void send(brood::Connection& connection, const brood::Queue<Person>& queue, const Person& person) {
  connection.send(person);
  queue.put(connection.recv<Person>().value());
  connection.send("text");
}
