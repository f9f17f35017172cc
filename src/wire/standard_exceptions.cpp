#include <algorithm>
#include <any>
#include <array>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <span>
#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <typeinfo>
#include <variant>

#include <brood/errors.hpp>
#include <brood/object_errors.hpp>

#include "wire/exception_record.hpp"
#include "wire/report_details.hpp"

namespace brood::wire {
namespace {

using Details = ExceptionDetails;

// How an E is taken apart and made again. The general case: from its text, or from nothing where
// the text is fixed.
template <class E>
struct Parts {
  static void save(const E&, Details&) {}
  static E make(const std::string& text, const Details&) {
    if constexpr (std::is_constructible_v<E, std::string>) {
      return E(text);
    } else {
      return E();
    }
  }
};

// A category that only the worker's process knows. The value of the code is kept.
class ForeignCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "brood.foreign"; }
  std::string message(int value) const override {
    return "error " + std::to_string(value) + " of a category that is not known to this process";
  }
};

const std::error_category& category_named(const std::string& name) {
  static const ForeignCategory foreign;
  for (const std::error_category* known : {&std::generic_category(), &std::system_category(),
                                           &std::iostream_category(), &std::future_category()}) {
    if (name == known->name()) return *known;
  }
  return foreign;
}

void save_code(const std::error_code& code, Details& details) {
  details.numbers = {code.value()};
  details.texts = {code.category().name()};
}

std::error_code code_of(const Details& details) {
  return {details.number<int>(0), category_named(details.text(0))};
}

// std::system_error appends the code's message to the text it is given.
std::string without_message(const std::string& text, const std::error_code& code) {
  const std::string message = code.message();
  if (text == message) return {};
  return text.ends_with(": " + message) ? text.substr(0, text.size() - message.size() - 2) : text;
}

template <class E>
struct SystemErrorParts {
  static void save(const E& exception, Details& details) { save_code(exception.code(), details); }
  static E make(const std::string& text, const Details& details) {
    const std::error_code code = code_of(details);
    const std::string own = without_message(text, code);
    if constexpr (std::is_constructible_v<E, std::error_code>) {
      if (own.empty()) return E(code);
    }
    if constexpr (std::is_constructible_v<E, std::error_code, std::string>) {
      return E(code, own);
    } else {
      return E(own, code);
    }
  }
};
template <>
struct Parts<std::system_error> : SystemErrorParts<std::system_error> {};
template <>
struct Parts<std::ios_base::failure> : SystemErrorParts<std::ios_base::failure> {};

template <>
struct Parts<std::filesystem::filesystem_error> {
  static void save(const std::filesystem::filesystem_error& exception, Details& details) {
    save_code(exception.code(), details);
    details.texts.push_back(exception.path1().native());
    details.texts.push_back(exception.path2().native());
  }
  static std::filesystem::filesystem_error make(const std::string& text, const Details& details) {
    return {text, details.text(1), details.text(2), code_of(details)};
  }
};

template <>
struct Parts<std::future_error> {
  static void save(const std::future_error& exception, Details& details) {
    save_code(exception.code(), details);
  }
  static std::future_error make(const std::string&, const Details& details) {
    return std::future_error(static_cast<std::future_errc>(details.number<int>(0)));
  }
};

template <>
struct Parts<std::regex_error> {
  static void save(const std::regex_error& exception, Details& details) {
    details.numbers = {exception.code()};
  }
  static std::regex_error make(const std::string&, const Details& details) {
    using namespace std::regex_constants;
    const int code = std::clamp<int>(details.number<int>(0), error_collate, error_stack);
    return std::regex_error(static_cast<error_type>(code));
  }
};

template <>
struct Parts<SystemError> {
  static void save(const SystemError& exception, Details& details) {
    details = {{exception.code().value()}, {exception.call(), exception.stage()}};
  }
  static SystemError make(const std::string&, const Details& details) {
    return {details.text(0), details.text(1), details.number<int>(0)};
  }
};

template <>
struct Parts<BufferTooShort> {
  static void save(const BufferTooShort& exception, Details& details) {
    const auto* const first = reinterpret_cast<const char*>(exception.message().data());
    details.texts.emplace_back(first, exception.message().size());
  }
  static BufferTooShort make(const std::string&, const Details& details) {
    const std::string bytes = details.text(0);
    const auto whole = std::as_bytes(std::span(bytes));
    return BufferTooShort({whole.begin(), whole.end()});
  }
};

template <>
struct Parts<StartError> {
  static void save(const StartError& exception, Details& details) {
    details.texts = {exception.method(), exception.stage()};
  }
  static StartError make(const std::string&, const Details& details) {
    return {details.text(0), details.text(1), ""};
  }
};

template <>
struct Parts<CodecError> {
  static void save(const CodecError& exception, Details& details) {
    details = {{exception.direction() == CodecError::Direction::decode,
                static_cast<std::int64_t>(exception.limit())},
               {exception.type(), reason_of(exception)}};
  }
  static CodecError make(const std::string&, const Details& details) {
    const auto direction =
        details.number<int>(0) != 0 ? CodecError::Direction::decode : CodecError::Direction::encode;
    return {direction, details.text(0), details.text(1), details.number<std::uint64_t>(1)};
  }
  // A handler that catches by value has it without what decode_exception adds.
  static std::string reason_of(const CodecError& exception) {
    const auto size_without = [&](std::uint64_t limit) {
      return std::strlen(CodecError(exception.direction(), exception.type(), "", limit).what());
    };
    const std::string text = exception.what();
    const std::size_t before = size_without(0);
    const std::size_t around = size_without(exception.limit());
    return text.size() > around ? text.substr(before, text.size() - around) : std::string();
  }
};

template <>
struct Parts<TaskError> {
  static void save(const TaskError& exception, Details& details) {
    details = {{exception.worker_pid(), static_cast<std::int64_t>(exception.index())},
               {exception.type_name(), exception.text(), exception.worker_name(),
                exception.stack_trace()}};
  }
  static TaskError make(const std::string&, const Details& details) {
    return {details.text(0),
            details.text(1),
            {details.text(2), details.number<int>(0)},
            details.number<std::size_t>(1),
            details.text(3)};
  }
};

template <>
struct Parts<WorkerLost> {
  static void save(const WorkerLost& exception, Details& details) {
    const ExitStatus& status = exception.status();
    details = {{static_cast<int>(status.kind), status.value, status.core_dumped, exception.pid(),
                static_cast<std::int64_t>(exception.index())},
               {exception.worker_name()}};
    append_report(details, exception.report());
  }
  static WorkerLost make(const std::string&, const Details& details) {
    const int kind =
        std::clamp(details.number<int>(0), 0, static_cast<int>(ExitStatus::Kind::lost));
    const ExitStatus status{static_cast<ExitStatus::Kind>(kind), details.number<int>(1),
                            details.number<int>(2) != 0};
    return {status,
            {details.text(0), details.number<int>(3)},
            details.number<std::size_t>(4),
            report_from(details, 5, 1)};
  }
};

template <>
struct Parts<TaskTimeout> {
  static void save(const TaskTimeout& exception, Details& details) {
    details.numbers = {exception.limit().count(), static_cast<std::int64_t>(exception.index())};
  }
  static TaskTimeout make(const std::string&, const Details& details) {
    return {std::chrono::nanoseconds(details.number<std::int64_t>(0)),
            details.number<std::size_t>(1)};
  }
};

template <class E>
bool is_a(const std::exception& exception) {
  if constexpr (std::is_same_v<E, std::exception>) {
    return true;
  } else {
    return dynamic_cast<const E*>(&exception) != nullptr;
  }
}

template <class E>
constexpr StandardException entry(const char* name) {
  return {name,
          &detail::is_exactly<E>,
          &is_a<E>,
          [](const std::exception& exception, Details& details) {
            Parts<E>::save(dynamic_cast<const E&>(exception), details);
          },
          [](const std::string& text, const Details& details) {
            detail::throw_with_message(Parts<E>::make(text, details), text);
          },
          std::is_base_of_v<E, TaskError>};
}

#define BROOD_STANDARD(Type) entry<Type>(#Type)
constexpr std::array standard_table{BROOD_STANDARD(brood::PoolClosed),
                                    BROOD_STANDARD(brood::UsageError),
                                    BROOD_STANDARD(brood::BrokenBarrier),
                                    BROOD_STANDARD(brood::BrokenObject),
                                    BROOD_STANDARD(brood::EndOfStream),
                                    BROOD_STANDARD(brood::BufferTooShort),
                                    BROOD_STANDARD(brood::AuthenticationError),
                                    BROOD_STANDARD(brood::QuotaError),
                                    BROOD_STANDARD(brood::SystemError),
                                    BROOD_STANDARD(brood::StartError),
                                    BROOD_STANDARD(brood::CodecError),
                                    BROOD_STANDARD(brood::TaskError),
                                    BROOD_STANDARD(brood::WorkerLost),
                                    BROOD_STANDARD(brood::TaskTimeout),
                                    BROOD_STANDARD(brood::TimeoutError),
                                    BROOD_STANDARD(brood::Cancelled),
                                    BROOD_STANDARD(brood::Error),
                                    BROOD_STANDARD(std::bad_array_new_length),
                                    BROOD_STANDARD(std::bad_alloc),
                                    BROOD_STANDARD(std::bad_any_cast),
                                    BROOD_STANDARD(std::bad_cast),
                                    BROOD_STANDARD(std::bad_typeid),
                                    BROOD_STANDARD(std::bad_exception),
                                    BROOD_STANDARD(std::bad_function_call),
                                    BROOD_STANDARD(std::bad_optional_access),
                                    BROOD_STANDARD(std::bad_variant_access),
                                    BROOD_STANDARD(std::bad_weak_ptr),
                                    BROOD_STANDARD(std::invalid_argument),
                                    BROOD_STANDARD(std::domain_error),
                                    BROOD_STANDARD(std::length_error),
                                    BROOD_STANDARD(std::out_of_range),
                                    BROOD_STANDARD(std::future_error),
                                    BROOD_STANDARD(std::logic_error),
                                    BROOD_STANDARD(std::filesystem::filesystem_error),
                                    BROOD_STANDARD(std::ios_base::failure),
                                    BROOD_STANDARD(std::system_error),
                                    BROOD_STANDARD(std::regex_error),
                                    BROOD_STANDARD(std::range_error),
                                    BROOD_STANDARD(std::overflow_error),
                                    BROOD_STANDARD(std::underflow_error),
                                    BROOD_STANDARD(std::runtime_error),
                                    BROOD_STANDARD(std::exception)};
#undef BROOD_STANDARD

}  // namespace

std::span<const StandardException> standard_exceptions() noexcept { return standard_table; }

}  // namespace brood::wire
