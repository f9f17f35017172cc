#include <gtest/gtest.h>

#include <any>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <string>
#include <system_error>
#include <typeinfo>
#include <variant>

#include <brood/connection.hpp>
#include <brood/errors.hpp>

#include "wire/exception.hpp"

namespace brood::wire::standard_exceptions_test {
namespace {

// One type: how it is thrown, and how it must look afterwards.
struct Case {
  std::string name;
  std::function<void()> throw_it;
  std::function<void(const std::exception_ptr&, const std::string& text)> expect;
};

std::exception_ptr caught(const std::function<void()>& throw_it) {
  try {
    throw_it();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

void expect_nested_task_error(const std::exception& exception, const std::string& type,
                              const std::string& text) {
  try {
    std::rethrow_if_nested(exception);
    FAIL() << "no TaskError";
  } catch (const TaskError& error) {
    EXPECT_EQ(error.type_name(), type);
    EXPECT_EQ(error.text(), text);
    EXPECT_EQ(error.index(), 7u);
  }
}

template <class E>
Case standard(
    const std::string& name, const E& exception,
    std::function<void(const E&)> check = [](const E&) {}) {
  return {name, [exception] { throw exception; },
          [name, check](const std::exception_ptr& back, const std::string& text) {
            try {
              std::rethrow_exception(back);
            } catch (const E& typed) {
              EXPECT_STREQ(typed.what(), text.c_str());
              check(typed);
              expect_nested_task_error(typed, name, text);
            } catch (...) {
              FAIL() << name << " came back as " << describe_exception(std::current_exception());
            }
          }};
}

std::vector<Case> fixed_texts() {
  return {standard("std::bad_alloc", std::bad_alloc()),
          standard("std::bad_array_new_length", std::bad_array_new_length()),
          standard("std::bad_cast", std::bad_cast()),
          standard("std::bad_any_cast", std::bad_any_cast()),
          standard("std::bad_typeid", std::bad_typeid()),
          standard("std::bad_exception", std::bad_exception()),
          standard("std::bad_function_call", std::bad_function_call()),
          standard("std::bad_optional_access", std::bad_optional_access()),
          standard("std::bad_variant_access", std::bad_variant_access()),
          standard("std::bad_weak_ptr", std::bad_weak_ptr()),
          standard("std::exception", std::exception())};
}

std::vector<Case> free_texts() {
  return {standard("std::logic_error", std::logic_error("t")),
          standard("std::invalid_argument", std::invalid_argument("t")),
          standard("std::domain_error", std::domain_error("t")),
          standard("std::length_error", std::length_error("")),
          standard("std::out_of_range", std::out_of_range("t")),
          standard("std::runtime_error", std::runtime_error("t")),
          standard("std::range_error", std::range_error("t")),
          standard("std::overflow_error", std::overflow_error("t")),
          standard("std::underflow_error", std::underflow_error("t")),
          standard("brood::Error", Error("t")),
          standard("brood::UsageError", UsageError("t")),
          standard("brood::PoolClosed", PoolClosed("t")),
          standard("brood::TimeoutError", TimeoutError("t")),
          standard("brood::EndOfStream", EndOfStream()),
          standard("brood::BufferTooShort", BufferTooShort(std::vector<std::byte>(3))),
          standard("brood::Cancelled", Cancelled("t"))};
}

// A category that the other process does not have.
const std::error_category& own_category() {
  struct Own : std::error_category {
    const char* name() const noexcept override { return "own"; }
    std::string message(int) const override { return "own message"; }
  };
  static const Own own;
  return own;
}

std::vector<Case> codes() {
  using std::filesystem::filesystem_error;
  return {standard<std::system_error>(
              "std::system_error", {ENOENT, std::generic_category(), "open"},
              [](const auto& e) { EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory); }),
          standard<std::system_error>("std::system_error", {EPERM, std::system_category()},
                                      [](const auto& e) {
                                        EXPECT_EQ(e.code(),
                                                  std::error_code(EPERM, std::system_category()));
                                      }),
          standard<std::system_error>("std::system_error", {77, own_category(), "x"},
                                      [](const auto& e) { EXPECT_EQ(e.code().value(), 77); }),
          standard<std::ios_base::failure>(
              "std::ios_base::failure", std::ios_base::failure("read"),
              [](const auto& e) { EXPECT_EQ(e.code(), std::io_errc::stream); }),
          standard<filesystem_error>(
              "std::filesystem::filesystem_error",
              {"copy", "/from", "/to", std::make_error_code(std::errc::file_exists)},
              [](const auto& e) {
                EXPECT_EQ(e.path1(), "/from");
                EXPECT_EQ(e.path2(), "/to");
                EXPECT_EQ(e.code(), std::errc::file_exists);
              }),
          standard<std::future_error>(
              "std::future_error", std::future_error(std::future_errc::no_state),
              [](const auto& e) { EXPECT_EQ(e.code(), std::future_errc::no_state); }),
          standard<std::regex_error>(
              "std::regex_error", std::regex_error(std::regex_constants::error_brack),
              [](const auto& e) { EXPECT_EQ(e.code(), std::regex_constants::error_brack); })};
}

std::vector<Case> broods_own() {
  const auto decode = CodecError::Direction::decode;
  return {standard<SystemError>("brood::SystemError", {"pipe2", "making a pipe", EMFILE},
                                [](const auto& e) {
                                  EXPECT_EQ(e.call(), "pipe2");
                                  EXPECT_EQ(e.stage(), "making a pipe");
                                  EXPECT_EQ(e.code().value(), EMFILE);
                                }),
          standard<StartError>("brood::StartError", {"spawn", "greeting", "it did not greet"},
                               [](const auto& e) {
                                 EXPECT_EQ(e.method(), "spawn");
                                 EXPECT_EQ(e.stage(), "greeting");
                               }),
          standard<CodecError>("brood::CodecError",
                               {decode, "my::Type", "too long", std::uint64_t{1} << 63},
                               [](const auto& e) {
                                 EXPECT_EQ(e.direction(), CodecError::Direction::decode);
                                 EXPECT_EQ(e.type(), "my::Type");
                                 EXPECT_EQ(e.limit(), std::uint64_t{1} << 63);
                               }),
          standard<TaskError>("brood::TaskError", {"my::Type", "text", {"inner", 5}, 6, "trace"},
                              [](const auto& e) {
                                EXPECT_EQ(e.worker_name(), "inner");
                                EXPECT_EQ(e.worker_pid(), 5);
                                EXPECT_EQ(e.index(), 6u);
                                EXPECT_EQ(e.stack_trace(), "trace");
                              }),
          standard<WorkerLost>("brood::WorkerLost",
                               {{ExitStatus::Kind::signaled, 11, true}, {"inner", 5}, 6},
                               [](const auto& e) {
                                 EXPECT_EQ(e.signal(), 11);
                                 EXPECT_TRUE(e.core_dumped());
                                 EXPECT_EQ(e.pid(), 5);
                                 EXPECT_EQ(e.index(), 6u);
                               }),
          standard<TaskTimeout>(
              "brood::TaskTimeout", {std::chrono::milliseconds(1500), 2},
              [](const auto& e) { EXPECT_EQ(e.limit(), std::chrono::milliseconds(1500)); })};
}

class StandardException : public ::testing::TestWithParam<Case> {};

TEST_P(StandardException, comes_back_as_itself_with_its_text_and_the_task_error_nested) {
  const std::exception_ptr thrown = caught(GetParam().throw_it);
  std::string text;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    text = exception.what();
  }
  detail::Bytes bytes;
  encode_exception(bytes, thrown);
  const std::exception_ptr back = decode_exception(bytes.view(), {"w", 1}, 7);
  GetParam().expect(back, text);
  bytes.clear();
  encode_exception(bytes, back);  // from a pool within a worker
  GetParam().expect(decode_exception(bytes.view(), {"w", 1}, 7), text);
}

std::string test_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == ':' ? '_' : c;
  return name + "_" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(FixedText, StandardException, ::testing::ValuesIn(fixed_texts()),
                         test_name);
INSTANTIATE_TEST_SUITE_P(FreeText, StandardException, ::testing::ValuesIn(free_texts()), test_name);
INSTANTIATE_TEST_SUITE_P(Code, StandardException, ::testing::ValuesIn(codes()), test_name);
INSTANTIATE_TEST_SUITE_P(Brood, StandardException, ::testing::ValuesIn(broods_own()), test_name);

}  // namespace
}  // namespace brood::wire::standard_exceptions_test
