#include <cereal/types/array.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/variant.hpp>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include <brood/detail/codec/callable.hpp>

#include "wire/written.hpp"

// Aggregates are encoded by their members, without a function of theirs.
namespace aggregate_test {

struct Base {
  int first = 0;
  std::string second;
};
struct Derived : Base {
  int third = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Base>(this), third);
  }
};
/// Members alone are not what its function means.
struct WithPrivateFunction {
  int number = 0;

 private:
  template <class Archive>
  void serialize(Archive& archive);
};
struct TakesAnything {
  TakesAnything() = default;
  template <class T>
  TakesAnything(T&&) {}
  template <class Archive>
  void serialize(Archive&) {}
};
struct BeginsWithWhatTakesAnything {
  TakesAnything first;
  int second = 0;
};

enum class Colour : std::uint8_t { red, green };

struct Point {
  double x, y;
  bool operator==(const Point&) const = default;
};
struct Pair {
  char letter;
  std::int32_t number;
  bool operator==(const Pair&) const = default;
};
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
struct Person {
  std::string name;
  int age = 30;
  Nothing nothing;
  bool awake = false;
  Colour colour{};
  std::vector<Point> path;
  int digits[3];
  char grid[2][2];
  std::string words[2];
  std::array<Pair, 2> pairs;
  std::optional<Point> home;
  std::variant<int, Pair> choice;
  std::map<std::string, Pair> places;
  bool operator==(const Person&) const = default;
};
struct Couple {
  Person one, other;
  long since;
  bool operator==(const Couple&) const = default;
};
struct Tree {
  std::string name;
  std::vector<Tree> children;
  std::unique_ptr<Tree> next;
  std::shared_ptr<Tree> shared;
};
struct Most {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z;
  std::string aa, bb, cc, dd, ee, ff;
  bool operator==(const Most&) const = default;
};
struct Block {
  std::array<float, 3> row;
  std::int32_t cells[5];
  Point corners[2];
  bool operator==(const Block&) const = default;
};
struct Large {
  std::int64_t numbers[1000];
  bool operator==(const Large&) const = default;
};
struct Flags {
  bool first, second;
};
struct Scale {
  double factor;
  double operator()(double x) const { return x * factor; }
};

// These have functions of cereal's, which write each number twice.
struct WithMember {
  int number;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, number);
  }
};
struct WithFree {
  int number;
};
template <class Archive>
void serialize(Archive& archive, WithFree& value) {
  archive(value.number, value.number);
}
struct WithPair {
  int number;
};
template <class Archive>
void save(Archive& archive, const WithPair& value) {
  archive(value.number, value.number);
}
template <class Archive>
void load(Archive& archive, WithPair& value) {
  archive(value.number, value.number);
}
struct WithMinimal {
  int number;
  template <class Archive>
  std::int64_t save_minimal(const Archive&) const {
    return number;
  }
  template <class Archive>
  void load_minimal(const Archive&, const std::int64_t& value) {
    number = static_cast<int>(value);
  }
};
struct WithHidden {
  int number;

 private:
  friend class cereal::access;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, number);
  }
};
struct OfOthers {
  WithMember member;
  WithFree free;
  WithPair pair;
  WithMinimal minimal;
  WithHidden hidden;
};

}  // namespace aggregate_test

namespace brood::testing::wire_aggregate_test {
namespace {

using namespace aggregate_test;

template <class T>
std::size_t encoded_size(const T& value) {
  detail::Bytes bytes;
  detail::encode_value(bytes, value);
  return bytes.size();
}
Person ada() {
  return {.name = "Ada",
          .age = 36,
          .nothing = {},
          .awake = true,
          .colour = Colour::green,
          .path = {{1, 2}, {3, 4}},
          .digits = {7, 8, 9},
          .grid = {{'a', 'b'}, {'c', 'd'}},
          .words = {"one", "two"},
          .pairs = {{{'x', 1}, {'y', 2}}},
          .home = Point{5, 6},
          .choice = Pair{'z', 3},
          .places = {{"here", {'h', 4}}}};
}

TEST(Aggregate, members_of_every_kind_travel) {
  EXPECT_EQ(there_and_back(ada()), ada());
  EXPECT_EQ(there_and_back(Person{}), Person{});
  const Couple couple{ada(), {}, 1835};
  EXPECT_EQ(there_and_back(couple), couple);
  EXPECT_EQ(there_and_back(Nothing{}), Nothing{});
}

TEST(Aggregate, in_every_container_of_values) {
  const std::vector<Couple> couples{{ada(), {}, 1}, {{}, ada(), 2}};
  EXPECT_EQ(there_and_back(couples), couples);
  EXPECT_EQ(there_and_back(std::optional(ada())), ada());
  EXPECT_EQ(there_and_back(std::map<int, Person>{{1, ada()}}).at(1), ada());
  EXPECT_EQ((std::get<Person>(there_and_back(std::variant<int, Person>(ada())))), ada());
  EXPECT_EQ((there_and_back(std::tuple(1, ada(), Point{1, 2}))),
            (std::tuple(1, ada(), Point{1, 2})));
  EXPECT_EQ(there_and_back(std::pair(Nothing{}, ada())).second, ada());
  EXPECT_EQ((there_and_back(std::array{ada(), Person{}})), (std::array{ada(), Person{}}));
  EXPECT_EQ(*there_and_back(std::make_shared<Person>(ada())), ada());
}

TEST(Aggregate, may_hold_itself) {
  Tree tree{"root", {}, nullptr, std::make_shared<Tree>()};
  tree.children.push_back({"child", {}, std::make_unique<Tree>(), tree.shared});
  tree.children.front().next->name = "next";
  const auto back = there_and_back(std::make_shared<Tree>(std::move(tree)));
  EXPECT_EQ(back->children.at(0).next->name, "next");
  EXPECT_EQ(back->children.at(0).shared, back->shared);
}

TEST(Aggregate, of_thirty_two_members) {
  Most most{};
  most.a = 1;
  most.z = 26;
  most.ff = "last";
  EXPECT_EQ(there_and_back(most), most);
}

TEST(Aggregate, its_bytes_are_those_of_its_members) {
  EXPECT_EQ(decoded<Pair>(Written('a', std::int32_t{5})), (Pair{'a', 5}));
  EXPECT_EQ(encoded_size(Pair{}), 5u);
  EXPECT_EQ(decoded<Point>(Written(1.0, 2.0)), (Point{1, 2}));
  EXPECT_EQ(encoded_size(std::vector<Point>(3)), 8 + 3 * 16u);
  EXPECT_EQ(encoded_size(Block{}), sizeof(Block));
  EXPECT_EQ(encoded_size(Large{}), sizeof(Large));
  EXPECT_EQ(encoded_size(Nothing{}), 0u);
}

TEST(Aggregate, what_is_nothing_but_numbers_is_one_block) {
  static_assert(detail::is_flat<Point> && detail::is_flat<Block> && !detail::is_flat<Pair>);
  static_assert(detail::is_flat_element<Large> && !detail::is_flat<Large>);
  static_assert(!detail::is_packed<Flags> && !detail::is_packed<WithMember>);
  Block block{{1, 2, 3}, {4, 5, 6, 7, 8}, {{9, 10}, {11, 12}}};
  EXPECT_EQ(there_and_back(std::vector(1000, block)), std::vector(1000, block));
  auto large = std::make_unique<std::vector<Large>>(3);
  large->back().numbers[999] = 5;
  EXPECT_EQ(there_and_back(*large), *large);
  // Behind one byte it is not aligned.
  const auto back = there_and_back(std::tuple('c', std::vector<Point>{{1, 2}, {3, 4}}));
  EXPECT_EQ(std::get<1>(back).at(1), (Point{3, 4}));
}

TEST(Aggregate, functions_of_cereal_go_before_its_members) {
  EXPECT_EQ(encoded_size(WithMember{1}), 8u);
  EXPECT_EQ(encoded_size(WithFree{1}), 8u);
  EXPECT_EQ(encoded_size(WithPair{1}), 8u);
  EXPECT_EQ(encoded_size(WithMinimal{1}), 8u);
  EXPECT_EQ(encoded_size(WithHidden{1}), 8u);
  const OfOthers back = there_and_back(OfOthers{{1}, {2}, {3}, {4}, {5}});
  EXPECT_EQ(back.member.number + 10 * back.free.number + 100 * back.pair.number, 321);
  EXPECT_EQ(back.minimal.number + 10 * back.hidden.number, 54);
}

TEST(Aggregate, may_be_the_base_of_a_class_with_a_function_of_cereal) {
  Derived value;
  value.first = 1;
  value.second = "two";
  value.third = 3;
  const auto copy = there_and_back(value);
  EXPECT_EQ(copy.first, 1);
  EXPECT_EQ(copy.second, "two");
  EXPECT_EQ(copy.third, 3);
}

TEST(Aggregate, with_a_function_that_cereal_may_not_call_is_none) {
  EXPECT_FALSE(brood::detail::by_members<WithPrivateFunction>);
  EXPECT_FALSE(brood::detail::travels<WithPrivateFunction>);
}

TEST(Aggregate, that_begins_with_what_takes_anything_has_no_base) {
  EXPECT_EQ(brood::detail::shape_of<BeginsWithWhatTakesAnything>, brood::detail::Shape::of_members);
}

TEST(Aggregate, with_a_call_operator_may_be_a_task) {
  static_assert(detail::may_be_task<Scale>);
  EXPECT_EQ(there_and_back(Scale{3})(2), 6);
}

TEST(Aggregate, bytes_that_are_none_are_refused) {
  EXPECT_TRUE(contains(refusal<Pair>(Written('a')), "Pair"));
  EXPECT_FALSE(refusal<Point>(Written(1.0)).empty());
  EXPECT_FALSE(refusal<Flags>(Written(true, char{2})).empty());
  EXPECT_FALSE(refusal<std::vector<Point>>(Written(std::uint64_t{1} << 60)).empty());
  EXPECT_FALSE(refusal<std::vector<Pair>>(Written(std::uint64_t{1} << 60)).empty());
}

// What cannot travel, and the type that is in the way.
struct WithPointer {
  int number;
  const char* text;
};
struct Outer {
  std::vector<WithPointer> inner;
};
struct WithReference {
  const int& number;
};
struct WithConstant {
  const int number = 1;
};
struct Derived : Point {
  int more;
};
struct TooMany {
  Most most;
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd,
      ee, ff;
};
class Private {
 public:
  int number = 0;

 private:
  [[maybe_unused]] int other_ = 0;
};

template <class T, detail::Refusal reason, class Culprit = T>
constexpr bool refused = std::is_same_v<detail::verdict_t<T>, detail::Verdict<reason, Culprit>>;

TEST(Aggregate, what_cannot_travel_is_named) {
  using detail::Refusal;
  using InMember = detail::Member<WithPointer, const char*>;
  static_assert(refused<WithPointer, Refusal::pointer_member, InMember>);
  static_assert(refused<std::map<int, Outer>, Refusal::pointer_member, InMember>);
  static_assert(refused<std::variant<int, Outer>, Refusal::pointer_member, InMember>);
  static_assert(refused<WithReference, Refusal::odd_member>);
  static_assert(refused<WithConstant, Refusal::odd_member>);
  static_assert(refused<Derived, Refusal::base_class>);
  static_assert(refused<TooMany, Refusal::too_many_members>);
  static_assert(refused<Private, Refusal::no_serializer>);
  SUCCEED();
}

}  // namespace
}  // namespace brood::testing::wire_aggregate_test
