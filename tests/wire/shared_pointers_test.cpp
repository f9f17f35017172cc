#include <gtest/gtest.h>
#include <cereal/types/memory.hpp>
#include <cereal/types/polymorphic.hpp>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <brood/codec.hpp>

#include "wire/written.hpp"

namespace shared_pointers_test {

struct Plain {
  int number = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number);
  }
};
struct Longer : Plain {
  std::string text;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number, text);
  }
};
struct Outer {
  Plain first;
  std::string text;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(first, text);
  }
};

struct Node {
  std::string name;
  std::shared_ptr<Node> next;
  std::weak_ptr<Node> previous;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, next, previous);
  }
};

// Has no default constructor: its bytes are read before it exists.
struct Made : std::enable_shared_from_this<Made> {
  static inline int alive = 0;
  Made(int given, std::shared_ptr<Made> with) : number(given), other(std::move(with)) { ++alive; }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() { --alive; }
  template <class Archive>
  void save(Archive& archive) const {
    archive(number, other, later);
  }
  template <class Archive>
  static void load_and_construct(Archive& archive, cereal::construct<Made>& construct) {
    int number = 0;
    std::shared_ptr<Made> other;
    archive(number, other);
    construct(number, other);
    archive(construct->later);
  }
  int number;
  std::shared_ptr<Made> other;
  std::weak_ptr<Made> later;
};

struct Animal {
  virtual ~Animal() = default;
  virtual std::string name() const = 0;
  template <class Archive>
  void serialize(Archive&) {}
};
struct Cat : Animal {
  std::string text = "cat";
  std::string name() const override { return text; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Animal>(this), text);
  }
};
struct Stone {
  virtual ~Stone() = default;
  std::vector<double> weights;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(weights);
  }
};
struct Granite : Stone {
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Stone>(this));
  }
};

}  // namespace shared_pointers_test

CEREAL_REGISTER_TYPE(shared_pointers_test::Cat)
CEREAL_REGISTER_TYPE(shared_pointers_test::Granite)

namespace brood::testing::shared_pointers {
namespace {

using namespace shared_pointers_test;

using TextAndNumbers =
    std::tuple<std::shared_ptr<std::string>, std::shared_ptr<std::vector<double>>>;

TEST(SharedPointers, a_number_never_gives_an_object_of_another_type) {
  const Written bytes(new_object | 1, "a text that is long enough for memory of its own",
                      std::uint32_t{1});
  const std::string text = refusal<TextAndNumbers>(bytes);
  EXPECT_TRUE(contains(text, "string")) << text;
  EXPECT_TRUE(contains(text, "vector<double")) << text;
}

TEST(SharedPointers, a_number_is_given_once) {
  using Two = std::tuple<std::shared_ptr<std::string>, std::shared_ptr<std::string>>;
  for (const std::uint32_t second : {0u, 1u, 3u, 0x7fff'ffffu})
    refusal<Two>(Written(new_object | 1, "one", new_object | second, "two"));
  EXPECT_EQ(*std::get<1>(decoded<Two>(Written(new_object | 1, "one", new_object | 2, "two"))),
            "two");
}

TEST(SharedPointers, a_number_that_was_not_given_is_refused) {
  for (const std::uint32_t number : {1u, 2u, 0x7fff'ffffu})
    EXPECT_TRUE(contains(refusal<std::shared_ptr<int>>(Written(number)), "object"));
  EXPECT_EQ(decoded<std::shared_ptr<int>>(Written(std::uint32_t{0})), nullptr);
}

TEST(SharedPointers, a_constant_object_and_a_weak_pointer_share_with_the_others) {
  using All = std::tuple<std::shared_ptr<int>, std::shared_ptr<const int>, std::weak_ptr<int>>;
  const auto object = std::make_shared<int>(5);
  const All back = there_and_back(All(object, object, object));
  EXPECT_EQ(std::get<0>(back), std::get<1>(back));
  EXPECT_EQ(std::get<0>(back), std::get<2>(back).lock());
}

TEST(SharedPointers, a_ring_is_a_ring_again) {
  const auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->name = "first";
  first->next = second;
  second->previous = first;
  const auto back = there_and_back(first);
  EXPECT_EQ(back->name, "first");
  EXPECT_EQ(back->next->previous.lock(), back);
}

TEST(SharedPointers, a_pointer_to_the_base_of_a_shared_object_shares) {
  const auto object = std::make_shared<Longer>();
  object->number = 3;
  using Both = std::pair<std::shared_ptr<Longer>, std::shared_ptr<Plain>>;
  const Both back = there_and_back(Both(object, object));
  EXPECT_EQ(back.second, back.first);
  EXPECT_EQ(back.second->number, 3);
}

// The part was written first, and no whole can be made of it: it travels once more.
TEST(SharedPointers, a_part_that_is_written_first_is_not_taken_for_the_whole) {
  const auto object = std::make_shared<Longer>();
  object->text = "a text that is long enough for memory of its own";
  using Both = std::pair<std::shared_ptr<Plain>, std::shared_ptr<Longer>>;
  EXPECT_EQ(there_and_back(Both(object, object)).second->text, object->text);
}

TEST(SharedPointers, a_first_member_is_not_taken_for_its_structure) {
  const auto object = std::make_shared<Outer>();
  object->text = "a text that is long enough for memory of its own";
  const std::shared_ptr<Plain> member(object, &object->first);
  using Both = std::pair<std::shared_ptr<Plain>, std::shared_ptr<Outer>>;
  EXPECT_EQ(there_and_back(Both(member, object)).second->text, object->text);
  refusal<Both>(Written(new_object | 1, 7, std::uint32_t{1}));
}

TEST(SharedPointers, an_object_that_is_not_constructed_yet_is_not_handed_out) {
  const std::string text =
      refusal<std::shared_ptr<Made>>(Written(new_object | 1, 7, std::uint32_t{1}));
  EXPECT_TRUE(contains(text, "constructor has not run")) << text;
  EXPECT_EQ(Made::alive, 0);
}

TEST(SharedPointers, an_object_may_refer_to_itself_once_it_is_constructed) {
  auto object = std::make_shared<Made>(7, nullptr);
  object->later = object;
  auto back = there_and_back(object);
  EXPECT_EQ(back->later.lock(), back);
  EXPECT_EQ(back->shared_from_this(), back);
  EXPECT_EQ(back->number, 7);
  back.reset();
  object.reset();
  EXPECT_EQ(Made::alive, 0);
}

TEST(SharedPointers, an_object_that_is_cut_behind_its_constructor_is_destroyed) {
  refusal<std::shared_ptr<Made>>(Written(new_object | 1, 7, std::uint32_t{0}, std::uint16_t{0}));
  EXPECT_EQ(Made::alive, 0);
}

constexpr std::uint32_t new_name = 0x8000'0000, own_type = 0x4000'0000;
const char* const cat = "shared_pointers_test::Cat";
const char* const granite = "shared_pointers_test::Granite";

TEST(SharedPointers, a_polymorphic_object_is_shared_through_base_and_derived) {
  const auto object = std::make_shared<Cat>();
  using Both = std::pair<std::shared_ptr<Animal>, std::shared_ptr<Cat>>;
  const Both back = there_and_back(Both(object, object)), swapped = there_and_back(back);
  EXPECT_EQ(back.first, back.second);
  EXPECT_EQ(swapped.first->name(), "cat");
}

TEST(SharedPointers, a_polymorphic_name_of_an_unrelated_type_is_refused) {
  const Written stone(new_name | 1, granite, new_object | 1, std::uint64_t{1}, 0.5);
  refusal<std::shared_ptr<Animal>>(stone);
  EXPECT_EQ(decoded<std::shared_ptr<Stone>>(stone)->weights.size(), 1u);
}

TEST(SharedPointers, a_polymorphic_number_never_gives_an_object_of_another_type) {
  using Both = std::pair<std::shared_ptr<Stone>, std::shared_ptr<Animal>>;
  refusal<Both>(Written(new_name | 1, granite, new_object | 1, std::uint64_t{1}, 0.5, new_name | 2,
                        cat, std::uint32_t{1}));
  refusal<std::pair<std::shared_ptr<Stone>, std::shared_ptr<Granite>>>(
      Written(own_type, new_object | 1, std::uint64_t{1}, 0.5, own_type, std::uint32_t{1}));
}

TEST(SharedPointers, a_polymorphic_name_that_nobody_registered_is_refused) {
  refusal<std::shared_ptr<Animal>>(Written(new_name | 1, "Ghost", new_object | 1, "text"));
  refusal<std::shared_ptr<Animal>>(Written(std::uint32_t{5}, new_object | 1, "text"));
  refusal<std::shared_ptr<Animal>>(Written(own_type, new_object | 1, "text"));
}

}  // namespace
}  // namespace brood::testing::shared_pointers
