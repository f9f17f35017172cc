#include <array>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <variant>

#include "pool/pool_fixture.hpp"

// Aggregates without a function of cereal's: arguments, results, elements and what queues carry.
namespace brood::testing::aggregates_test {
namespace {

class Aggregates : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Aggregates);

struct Point {
  double x, y;
  bool operator==(const Point&) const = default;
};
struct Person {
  std::string name;
  int age = 0;
  std::vector<Point> path;
  std::map<std::string, Point> places;
  std::optional<Point> home;
  std::variant<int, std::string> number;
  int digits[3];
  std::array<std::string, 2> words;
  bool operator==(const Person&) const = default;
};
struct Scale {
  double factor;
  Point operator()(const Point& p) const { return {factor * p.x, factor * p.y}; }
};
struct Block {
  std::int64_t numbers[16];
};
struct Large {
  std::int32_t numbers[100'000];
};
struct Order {
  int number;
  Queue<Person> reply;
  Value<int> done;
};

Person ada() {
  return {"Ada", 36, {{1, 2}}, {{"here", {3, 4}}}, Point{5, 6}, "seven", {8, 9, 10}, {"a", "b"}};
}
Person older(Person person, int years) {
  person.age += years;
  return person;
}
int age(const Person& person) { return person.age; }
Person named(const std::string& name) {
  Person person = ada();
  if (name.empty()) throw std::invalid_argument("no name");
  person.name = name;
  return person;
}
double sum_of(std::span<const Point> points) {
  return std::accumulate(points.begin(), points.end(), 0.0,
                         [](double sum, const Point& p) { return sum + p.x + p.y; });
}
std::vector<Point> doubled(std::vector<Point> points) {
  for (Point& p : points) p = {2 * p.x, 2 * p.y};
  return points;
}
Point mirrored(Point p) { return {p.y, p.x}; }
Point add(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
std::vector<Point> many(std::size_t count) {
  std::vector<Point> points(count);
  for (std::size_t i = 0; i < count; ++i) points[i] = {static_cast<double>(i), 0.5};
  return points;
}

TEST_P(Aggregates, are_arguments_and_results) {
  Pool pool = make_pool(2);
  Person expected = ada();
  expected.age = 40;
  EXPECT_EQ(pool.apply(older, ada(), 4), expected);
  EXPECT_EQ(pool.apply_async(older, ada(), 4).get(), expected);
  EXPECT_EQ(pool.map(age, std::vector<Person>(50, ada())), std::vector<int>(50, 36));
  EXPECT_EQ(pool.starmap(older, {{ada(), 4}, {ada(), 4}}), std::vector<Person>(2, expected));
  EXPECT_EQ(pool.apply(task(older, ada()), 4), expected);
  for (const Person& person : pool.imap(named, {std::string("Ada"), std::string("Ada")}))
    EXPECT_EQ(person, ada());
  const auto outcomes = pool.try_map(named, {std::string("Ada"), std::string()});
  EXPECT_EQ(outcomes[0].value(), ada());
  EXPECT_FALSE(outcomes[1].has_value());
}

TEST_P(Aggregates, of_numbers_alone_travel_as_numbers_do) {
  Pool pool = make_pool(2);
  const std::vector<Point> points = many(20'000);
  EXPECT_EQ(pool.apply(sum_of, points), pool.apply(sum_of, std::span<const Point>(points)));
  EXPECT_EQ(pool.apply(doubled, points)[19'999], (Point{39'998, 1}));
  const std::vector<Point> mirrors = pool.map(mirrored, points);
  EXPECT_EQ(mirrors[7], (Point{0.5, 7}));
  std::vector<Point> same = points;
  pool.map_into(mirrored, same, same);
  EXPECT_EQ(same, mirrors);
  EXPECT_EQ(pool.map_reduce(mirrored, points, add, Point{}), (Point{10'000, 199'990'000}));
  EXPECT_EQ(pool.map(Scale{2}, points)[5], (Point{10, 1}));
}

TEST_P(Aggregates, of_any_size) {
  Pool pool = make_pool(2);
  const auto next = [](Block block) {
    for (std::int64_t& number : block.numbers) ++number;
    return block;
  };
  for (const Block& block : pool.map(next, std::vector<Block>(5000))) {
    ASSERT_EQ(block.numbers[0], 1);
    ASSERT_EQ(block.numbers[15], 1);
  }
  const auto large = [](int last) {
    std::vector<Large> made(1);
    made[0].numbers[99'999] = last;
    return made;
  };
  const auto made = pool.map(large, {1, 2, 3});
  EXPECT_EQ(made[2][0].numbers[99'999], 3);
  EXPECT_EQ(pool.apply([](const Large& value) { return value.numbers[99'999]; }, made[1][0]), 2);
}

void serve(Order order) {
  order.reply.put(named("Ada"));
  order.done.set(order.number);
}

TEST_P(Aggregates, carry_handles) {
  Pool pool = make_pool(1);
  const Order order{7, {}, Value<int>(0)};
  pool.apply(serve, order);
  EXPECT_EQ(order.reply.get().value(), ada());
  EXPECT_EQ(order.done.get(), 7);
}

void relay(Queue<Person> in, Connection out, ManagedDict<std::string, Person> kept) {
  while (const auto person = in.get()) {
    out.send(*person);
    kept.set(person->name, *person);
  }
}

TEST_P(Aggregates, go_through_queues_connections_and_managers) {
  Manager manager;
  const auto kept = manager.dict<std::string, Person>();
  auto [here, there] = pipe();
  const Queue<Person> queue;
  Process process({.start_method = method()}, relay, queue, there, kept);
  process.start();
  queue.put(ada());
  queue.close();
  EXPECT_EQ(here.recv<Person>().value(), ada());
  process.join();
  EXPECT_EQ(kept.at("Ada"), ada());
}

}  // namespace
}  // namespace brood::testing::aggregates_test
