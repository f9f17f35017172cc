#include "wire/exception.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "wire/exception_types.hpp"

using namespace exception_test;

namespace {
const bool registered =
    brood::register_exception<FromText>() && brood::register_exception<Prefixing>() &&
    brood::register_exception<WithFields>() && brood::register_exception<FailsToEncode>() &&
    brood::register_exception<FailsToDecode>() && brood::register_exception<Final>();
}  // namespace

namespace brood::wire::exception_test {
namespace {

const WorkerIdentity worker{"SpawnPoolWorker-2", 123};

template <class Throw>
std::exception_ptr caught(Throw throw_it) {
  try {
    throw_it();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

std::exception_ptr travelled(const std::exception_ptr& exception) {
  detail::Bytes bytes;
  encode_exception(bytes, exception);
  return decode_exception(bytes.view(), worker, 3);
}

// The exception as an E, or null; it stays alive with the pointer.
template <class E>
std::shared_ptr<const E> as(const std::exception_ptr& exception) {
  if (exception == nullptr) return nullptr;
  try {
    std::rethrow_exception(exception);
  } catch (const E& typed) {
    return std::make_shared<const E>(typed);
  } catch (...) {
    return nullptr;
  }
}

template <class E>
std::string text_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const E& typed) {
    return typed.what();
  } catch (...) {
    return "(another type)";
  }
}

std::exception_ptr nested_in(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::nested_exception& nested) {
    return nested.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

template <class E>
std::exception_ptr come_back_as(const std::exception_ptr& exception, const std::string& text) {
  const std::exception_ptr back = travelled(exception);
  EXPECT_EQ(text_of<E>(back), text);
  return nested_in(back);
}

void expect_task_error(const std::exception_ptr& exception, const std::string& type,
                       const std::string& text) {
  const auto error = as<TaskError>(exception);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->type_name(), type);
  EXPECT_EQ(error->text(), text);
  EXPECT_EQ(error->worker_name(), "SpawnPoolWorker-2");
  EXPECT_EQ(error->worker_pid(), 123);
  EXPECT_EQ(error->index(), 3u);
}

TEST(Exception, an_unregistered_type_comes_back_as_the_task_error_that_is_also_a_runtime_error) {
  const auto back = travelled(caught([] { throw Unregistered("oh no"); }));
  expect_task_error(back, "exception_test::Unregistered", "oh no");
  EXPECT_EQ(text_of<std::runtime_error>(back),
            "exception_test::Unregistered: oh no [thrown in element 3 by worker SpawnPoolWorker-2 "
            "(pid 123)]");
  EXPECT_EQ(nested_in(back), nullptr);
}

TEST(Exception, an_unregistered_type_derived_from_a_standard_one_is_caught_as_that) {
  const auto task_error =
      come_back_as<std::out_of_range>(caught([] { throw UnregisteredRange("9 of 3"); }), "9 of 3");
  expect_task_error(task_error, "exception_test::UnregisteredRange", "9 of 3");
  come_back_as<std::bad_alloc>(caught([] { throw OutOfTape(); }), "the tape is full");
}

TEST(Exception, a_direct_child_of_std_exception_comes_back_as_the_task_error) {
  expect_task_error(travelled(caught([] { throw PlainError(); })), "exception_test::PlainError",
                    "plain");
}

TEST(Exception, what_is_no_std_exception_comes_back_with_its_type_and_value) {
  expect_task_error(travelled(caught([] { throw 42; })), "int", "42");
  expect_task_error(travelled(caught([] { throw "text"; })), "char const*", "text");
  expect_task_error(travelled(caught([] { throw std::string("text"); })), "std::string", "text");
  expect_task_error(travelled(caught([] { throw 2.5; })), "double", "");
  expect_task_error(travelled(caught([] { throw NoException(); })), "exception_test::NoException",
                    "");
  expect_task_error(travelled(caught([] { throw static_cast<const char*>(nullptr); })),
                    "char const*", "(null)");
}

TEST(Exception, an_exception_without_text_says_so) {
  expect_task_error(travelled(caught([] { throw WithoutText(); })), "exception_test::WithoutText",
                    "(its text could not be read)");
}

TEST(Exception, no_exception_at_all_is_still_a_task_error) {
  expect_task_error(travelled(nullptr), "", "no exception");
}

TEST(Exception, a_registered_type_comes_back_from_its_text) {
  const auto task_error =
      come_back_as<FromText>(caught([] { throw FromText("from text"); }), "from text");
  expect_task_error(task_error, "exception_test::FromText", "from text");
  come_back_as<Prefixing>(caught([] { throw Prefixing("line 3"); }), "parse error: line 3");
}

TEST(Exception, a_registered_type_comes_back_with_its_fields_and_text) {
  const auto back = travelled(caught([] { throw WithFields("bad token", 17); }));
  ASSERT_NE(as<WithFields>(back), nullptr);
  EXPECT_EQ(as<WithFields>(back)->line, 17);
  EXPECT_EQ(text_of<WithFields>(back), "bad token");
  expect_task_error(nested_in(back), "exception_test::WithFields", "bad token");
}

TEST(Exception, a_class_derived_from_a_registered_type_is_not_that_type) {
  expect_task_error(travelled(caught([] { throw DerivedFromText("derived"); })),
                    "exception_test::DerivedFromText", "derived");
}

TEST(Exception, a_registered_final_type_comes_back_without_nesting) {
  come_back_as<Final>(caught([] { throw Final("final"); }), "final");
}

TEST(Exception, a_serializer_that_fails_costs_the_type_and_not_the_text) {
  expect_task_error(travelled(caught([] { throw FailsToEncode(); })),
                    "exception_test::FailsToEncode", "has a bad serializer");
}

TEST(Exception, a_deserializer_that_fails_gives_a_codec_error) {
  const auto back = travelled(caught([] { throw FailsToDecode(); }));
  ASSERT_NE(as<CodecError>(back), nullptr);
  EXPECT_EQ(as<CodecError>(back)->type(), "exception_test::FailsToDecode");
  EXPECT_NE(text_of<CodecError>(back).find("no way back"), std::string::npos);
}

TEST(Exception, nested_causes_keep_their_chain) {
  const auto thrown = caught([] {
    try {
      try {
        throw std::invalid_argument("root");
      } catch (...) {
        std::throw_with_nested(WithFields("middle", 5));
      }
    } catch (...) {
      std::throw_with_nested(Unregistered("top"));
    }
  });
  const auto top = travelled(thrown);
  expect_task_error(top, "exception_test::Unregistered", "top");
  const auto middle = nested_in(top);
  EXPECT_EQ(text_of<WithFields>(middle), "middle");
  EXPECT_EQ(as<WithFields>(middle)->line, 5);
  const auto root = nested_in(nested_in(middle));
  EXPECT_EQ(text_of<std::invalid_argument>(root), "root");
  EXPECT_EQ(nested_in(nested_in(root)), nullptr);
  EXPECT_EQ(
      describe_exception(thrown),
      "exception_test::Unregistered: top; caused by exception_test::WithFields: middle; caused by "
      "std::invalid_argument: root");
}

TEST(Exception, an_exception_nested_over_nothing_has_no_cause) {
  const auto thrown = caught([] { std::throw_with_nested(std::range_error("alone")); });
  const auto task_error = come_back_as<std::range_error>(thrown, "alone");
  EXPECT_EQ(nested_in(task_error), nullptr);
}

TEST(Exception, a_constant_thrown_with_nested_keeps_its_type) {
  const auto thrown = caught([] {
    const std::range_error constant("constant");
    std::throw_with_nested(constant);
  });
  expect_task_error(come_back_as<std::range_error>(thrown, "constant"), "std::range_error",
                    "constant");
}

TEST(Exception, an_endless_chain_is_cut) {
  std::exception_ptr chain = std::make_exception_ptr(std::runtime_error("0"));
  for (int i = 1; i < 200; ++i) {
    chain = caught([&] {
      try {
        std::rethrow_exception(chain);
      } catch (...) {
        std::throw_with_nested(std::runtime_error(std::to_string(i)));
      }
    });
  }
  std::size_t length = 0;
  for (auto at = travelled(chain); at != nullptr; at = nested_in(at)) ++length;
  EXPECT_EQ(length, 128u);  // each with its TaskError
}

TEST(Exception, a_second_journey_keeps_type_text_and_history) {
  const auto once = travelled(caught([] { throw OutOfTape(); }));
  const auto twice = travelled(once);
  EXPECT_EQ(text_of<std::bad_alloc>(twice), "the tape is full");
  expect_task_error(nested_in(twice), "std::bad_alloc", "the tape is full");
  expect_task_error(nested_in(nested_in(twice)), "exception_test::OutOfTape", "the tape is full");
  EXPECT_EQ(describe_exception(twice), "std::bad_alloc: the tape is full");
}

TEST(Exception, bytes_cut_anywhere_give_a_codec_error) {
  detail::Bytes bytes;
  encode_exception(
      bytes, caught([] {
        try {
          throw WithFields("inner", 1);
        } catch (...) {
          std::throw_with_nested(std::system_error(ENOENT, std::generic_category(), "outer"));
        }
      }));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(as<CodecError>(decode_exception(bytes.view().first(size), worker, 0)), nullptr)
        << size;
  }
  bytes.append("x", 1);
  EXPECT_NE(as<CodecError>(decode_exception(bytes.view(), worker, 0)), nullptr);
}

TEST(Exception, descriptions_say_type_and_text) {
  EXPECT_EQ(describe_exception(caught([] { throw std::out_of_range("7"); })),
            "std::out_of_range: 7");
  EXPECT_EQ(describe_exception(caught([] { throw NoException(); })), "exception_test::NoException");
  detail::Bytes bytes;
  encode_exception(bytes, caught([] { throw FromText("ft"); }));
  EXPECT_EQ(describe_encoded_exception(bytes.view()), "exception_test::FromText: ft");
  EXPECT_NE(describe_encoded_exception({}).find("could not be read"), std::string::npos);
}

TEST(Exception, registering_twice_is_harmless) {
  EXPECT_TRUE(register_exception<FromText>());
  come_back_as<FromText>(caught([] { throw FromText("again"); }), "again");
}

}  // namespace
}  // namespace brood::wire::exception_test
