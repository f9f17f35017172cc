#include <brood/codec.hpp>

#include <gtest/gtest.h>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/polymorphic.hpp>
#include <cereal/types/variant.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace codec_test {

enum class Colour : std::uint8_t { red, green };
enum class Flag : bool { off, on };

struct Inner {
  int number = 0;
  std::unique_ptr<std::string> text;
  std::optional<double> real;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), text, real);
  }
};

struct Compound {
  std::map<std::string, std::vector<std::variant<int, std::string, bool>>> table;
  std::vector<Inner> inner;
  std::vector<Colour> colours;
  std::vector<bool> flags;
  std::tuple<Flag, char, long double> mixed;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(table, inner, colours, flags, mixed);
  }
};

struct Empty {
  friend bool operator==(Empty, Empty) { return true; }
};

struct Wide {
  double numbers[128] = {};
  template <class Archive>
  void serialize(Archive& archive) {
    for (double& number : numbers) archive(number);
  }
};

struct OfTheUser : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Refusing {
  int dummy = 0;
  template <class Archive>
  void save(Archive& archive) const {
    archive(1);
    throw OfTheUser("not today");
  }
  template <class Archive>
  void load(Archive&) {
    throw OfTheUser("not tomorrow");
  }
};
struct ThrowingNumbers : Refusing {
  template <class Archive>
  void load(Archive&) {
    throw 42;
  }
};

struct Animal {
  virtual ~Animal() = default;
  virtual std::string name() const { return "animal"; }
  template <class Archive>
  void serialize(Archive&) {}
};
struct Dog : Animal {
  int age = 0;
  std::string name() const override { return "dog " + std::to_string(age); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(age);
  }
};
struct Unregistered : Dog {};

}  // namespace codec_test

CEREAL_REGISTER_TYPE(codec_test::Dog)
CEREAL_REGISTER_POLYMORPHIC_RELATION(codec_test::Animal, codec_test::Dog)

namespace brood::detail::codec {
namespace {

using namespace codec_test;

template <class T>
Bytes encoded(const T& value) {
  Bytes bytes;
  encode_value(bytes, value);
  return bytes;
}

template <class T>
T decoded(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  T value = decode_value<T>(reader);
  EXPECT_EQ(reader.left(), 0u);
  return value;
}

template <class T>
T there_and_back(const T& value) {
  return decoded<T>(encoded(value).view());
}

template <class T>
std::string failure(std::span<const std::byte> bytes) {
  try {
    Reader reader(bytes);
    decode_value<T>(reader);
  } catch (const CodecError& error) {
    EXPECT_EQ(error.direction(), CodecError::Direction::decode);
    EXPECT_FALSE(error.type().empty());
    return error.what();
  }
  ADD_FAILURE() << "decoded";
  return {};
}

Bytes claiming(std::uint64_t length, std::size_t following = 0) {
  Bytes bytes = encoded(length);
  const std::vector<std::byte> rest(following, std::byte{1});
  bytes.append(rest.data(), rest.size());
  return bytes;
}

Compound compound() {
  Compound value;
  value.table["one"] = {1, std::string("text"), true};
  value.table["none"] = {};
  value.inner.push_back({1, std::make_unique<std::string>("pointed at"), 0.5});
  value.inner.push_back({2, nullptr, std::nullopt});
  value.colours = {Colour::green, Colour::red};
  value.flags = {true, false, true};
  value.mixed = {Flag::on, 'c', 1.5L};
  return value;
}

TEST(Codec, numbers_strings_and_vectors_come_back_equal) {
  EXPECT_EQ(there_and_back(42), 42);
  EXPECT_EQ(there_and_back(true), true);
  EXPECT_EQ(there_and_back(Flag::on), Flag::on);
  EXPECT_EQ(there_and_back(Colour::green), Colour::green);
  EXPECT_EQ(there_and_back(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(there_and_back(std::u32string(U"wide")), std::u32string(U"wide"));
  EXPECT_EQ(there_and_back(std::vector<double>{1, 2.5}), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(there_and_back(std::vector<bool>{true, false}), (std::vector<bool>{true, false}));
  EXPECT_EQ(there_and_back(std::vector<Flag>{Flag::on, Flag::off}),
            (std::vector<Flag>{Flag::on, Flag::off}));
  EXPECT_EQ(there_and_back(std::vector<Empty>(4096)).size(), 4096u);
  const std::tuple<int, std::string, std::vector<Colour>> mixed{1, "two", {Colour::red}};
  EXPECT_EQ(there_and_back(mixed), mixed);
}

TEST(Codec, the_short_ways_write_what_the_archive_writes) {
  const std::tuple<int, std::string, std::vector<double>, bool> value{1, "two", {3, 4}, true};
  Bytes by_archive;
  OutputArchive archive(by_archive);
  archive(value);
  EXPECT_EQ(encoded(value).size(), by_archive.size());
  EXPECT_EQ((decoded<std::tuple<int, std::string, std::vector<double>, bool>>(by_archive.view())),
            value);
}

TEST(Codec, vectors_are_read_from_unaligned_bytes) {
  const std::tuple<char, std::vector<double>> value{'x', {1, 2, 3}};
  EXPECT_EQ(there_and_back(value), value);
}

TEST(Codec, a_compound_value_comes_back_equal) {
  const Compound value = there_and_back(compound());
  EXPECT_EQ(value.table, compound().table);
  ASSERT_EQ(value.inner.size(), 2u);
  EXPECT_EQ(*value.inner[0].text, "pointed at");
  EXPECT_EQ(value.inner[0].real, 0.5);
  EXPECT_EQ(value.inner[1].text, nullptr);
  EXPECT_EQ(value.colours, compound().colours);
  EXPECT_EQ(value.flags, compound().flags);
  EXPECT_EQ(value.mixed, compound().mixed);
}

TEST(Codec, a_truncation_at_any_byte_is_a_codec_error) {
  const Bytes bytes = encoded(compound());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(
        failure<Compound>(bytes.view().first(size)).find("cannot decode codec_test::Compound"),
        std::string::npos);
  }
}

TEST(Codec, every_byte_may_be_wrong_without_harm) {
  const Bytes good = encoded(compound());
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flipped : {0x01, 0x80, 0xff}) {
      Bytes bytes(good.view());
      bytes.data()[i] ^= static_cast<std::byte>(flipped);
      try {
        Reader reader(bytes.view());
        decode_value<Compound>(reader);
      } catch (const CodecError&) {
      }
    }
  }
}

template <class T>
class LyingLength : public ::testing::Test {};
using Containers =
    ::testing::Types<std::string, std::u16string, std::vector<char>, std::vector<double>,
                     std::vector<bool>, std::vector<std::string>, std::vector<Wide>,
                     std::vector<Empty>, std::vector<Colour>, std::map<int, int>,
                     std::vector<std::unique_ptr<int>>, std::tuple<std::vector<double>>>;
TYPED_TEST_SUITE(LyingLength, Containers);

TYPED_TEST(LyingLength, is_refused_before_anything_is_allocated_for_it) {
  for (const std::uint64_t length :
       {std::uint64_t{1} << 60, std::uint64_t{1} << 61, ~std::uint64_t{0}, std::uint64_t{1} << 40,
        std::uint64_t{100000}}) {
    EXPECT_NE(failure<TypeParam>(claiming(length, 100).view()).find("claims"), std::string::npos)
        << length;
  }
}

TEST(Codec, a_length_that_the_bytes_cannot_hold_is_refused) {
  EXPECT_NE(failure<std::vector<double>>(claiming(13, 100).view()).find("claims 13 elements"),
            std::string::npos);
  failure<std::vector<Wide>>(claiming(100, 1023).view());
  failure<std::string>(claiming(101, 100).view());
}

TEST(Codec, a_byte_that_is_no_bool_is_refused) {
  const Bytes two = encoded(std::uint8_t{2});
  failure<bool>(two.view());
  failure<Flag>(two.view());
  failure<std::tuple<bool>>(two.view());
}

TEST(Codec, an_encoders_own_exception_passes_and_leaves_the_buffer_as_it_was) {
  Bytes bytes = encoded(7);
  EXPECT_THROW(encode_value(bytes, Refusing{}), OfTheUser);
  EXPECT_EQ(bytes.size(), sizeof(int));
}

TEST(Codec, a_decoders_exceptions_become_a_codec_error_that_names_the_type) {
  const std::string text = failure<Refusing>({});
  EXPECT_NE(text.find("codec_test::Refusing"), std::string::npos);
  EXPECT_NE(text.find("not tomorrow (codec_test::OfTheUser)"), std::string::npos);
  EXPECT_NE(failure<ThrowingNumbers>({}).find("codec_test::ThrowingNumbers"), std::string::npos);
}

TEST(Codec, a_polymorphic_pointer_keeps_its_type) {
  auto dog = std::make_unique<Dog>();
  dog->age = 3;
  const Bytes bytes = encoded(std::unique_ptr<Animal>(std::move(dog)));
  EXPECT_EQ(decoded<std::unique_ptr<Animal>>(bytes.view())->name(), "dog 3");
}

TEST(Codec, what_cereal_refuses_to_encode_is_a_codec_error) {
  Bytes bytes;
  const std::unique_ptr<Animal> animal = std::make_unique<Unregistered>();
  try {
    encode_value(bytes, animal);
    FAIL();
  } catch (const CodecError& error) {
    EXPECT_EQ(error.direction(), CodecError::Direction::encode);
  }
  EXPECT_TRUE(bytes.empty());
}

TEST(Codec, shared_pointers_stay_shared) {
  const auto shared = std::make_shared<int>(5);
  const auto back = there_and_back(std::vector<std::shared_ptr<int>>{shared, shared});
  EXPECT_EQ(back[0], back[1]);
  EXPECT_EQ(*back[0], 5);
}

TEST(Codec, trailing_bytes_are_named) {
  try {
    throw_trailing(3, typeid(Compound));
  } catch (const CodecError& error) {
    EXPECT_EQ(error.type(), "codec_test::Compound");
    EXPECT_NE(std::string(error.what()).find("3 bytes"), std::string::npos);
  }
}

}  // namespace
}  // namespace brood::detail::codec
