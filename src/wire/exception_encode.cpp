#include <new>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/type_name.hpp"
#include "wire/exception.hpp"
#include "wire/exception_record.hpp"

namespace brood::wire {
namespace {

using Match = ExceptionRecord::Match;

bool strip(std::string& name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with('>')) return false;
  name = name.substr(prefix.size(), name.size() - prefix.size() - 1);
  if (name.ends_with(' ')) name.pop_back();
  if (name.ends_with(" const")) name.resize(name.size() - 6);
  return true;
}

// The name that the user gave it: without the wrapping of std::throw_with_nested and of an earlier
// journey.
std::string name_of(const std::type_info& type) {
  std::string name = base::type_name(type);
  while (strip(name, "std::_Nested_exception<") || strip(name, "brood::detail::WithMessage<")) {
  }
  return name;
}

std::string name_of(const std::exception_ptr& exception) {
  const std::type_info* const type = exception.__cxa_exception_type();
  return type != nullptr ? name_of(*type) : std::string("an exception of another language");
}

std::string text_of(const std::exception& exception) {
  const char* const text = exception.what();
  return text != nullptr ? text : "(its text could not be read)";
}

void match_standard(const std::exception& exception, ExceptionRecord& record) {
  const auto types = standard_exceptions();
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (!types[i].is_a(exception)) continue;
    record.standard = static_cast<std::uint8_t>(i);
    record.match = types[i].is_exactly(exception) ? Match::exact : Match::base;
    if (record.match == Match::exact) record.type = types[i].name;
    types[i].save(exception, record.details);
    return;
  }
}

// A serializer that fails costs the exception its type, not its text.
void match_registered(const std::exception& exception, ExceptionRecord& record) {
  try {
    detail::Bytes payload, bytes;
    const detail::ExceptionCodec* const codec = encode_registered(exception, payload);
    if (codec == nullptr) return;
    detail::put_code(bytes, reinterpret_cast<const void*>(codec->rethrow));
    bytes.append(payload.data(), payload.size());
    record.registered.assign(bytes.data(), bytes.data() + bytes.size());
  } catch (...) {
    record.registered.clear();
  }
}

// nested_ptr() is null for an exception that was thrown with nothing to nest.
std::exception_ptr cause_of(const std::exception& exception) {
  const auto* const nested = dynamic_cast<const std::nested_exception*>(&exception);
  return nested != nullptr ? nested->nested_ptr() : nullptr;
}

// Fills `record` from `exception` and returns its cause.
std::exception_ptr record_standard(const std::exception& exception, Depth depth,
                                   ExceptionRecord& record) {
  record.text = text_of(exception);
  if (depth == Depth::text_only) record.text = shortened(record.text);
  match_standard(exception, record);
  if (depth == Depth::complete) match_registered(exception, record);
  return cause_of(exception);
}

std::exception_ptr record_exception(const std::exception_ptr& exception, Depth depth,
                                    ExceptionRecord& record) {
  record.type = name_of(exception);
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& caught) {
    return record_standard(caught, depth, record);
  } catch (const std::nested_exception& caught) {
    return caught.nested_ptr();
  } catch (const std::string& caught) {
    record.text = caught;
  } catch (const char* caught) {
    record.text = caught != nullptr ? caught : "(null)";
  } catch (int caught) {
    record.text = std::to_string(caught);
  } catch (...) {
  }
  return nullptr;
}

}  // namespace

ExceptionChain chain_of(std::exception_ptr exception, Depth depth) {
  ExceptionChain chain;
  while (exception != nullptr && chain.size() < longest_chain) {
    ExceptionRecord& record = chain.emplace_back();
    std::exception_ptr cause = record_exception(exception, depth, record);
    exception = std::move(cause);
  }
  return chain;
}

void encode_exception(detail::Bytes& target, std::exception_ptr exception) {
  ExceptionChain chain = chain_of(std::move(exception), Depth::complete);
  if (chain.empty()) chain.emplace_back().text = "no exception";
  detail::encode_value(target, chain);
}

std::string describe_exception(std::exception_ptr exception) {
  detail::Bytes bytes;
  detail::encode_value(bytes, chain_of(std::move(exception), Depth::text_only));
  return describe_encoded_exception(bytes.view());
}

void log_exception(const char* what_failed) noexcept try {
  base::log_error(what_failed + describe_exception(std::current_exception()));
} catch (...) {
  // Nothing else can be done with it.
}

}  // namespace brood::wire
