#include <utility>

#include "wire/checked.hpp"
#include "wire/code_ref.hpp"
#include "wire/exception.hpp"
#include "wire/exception_record.hpp"

namespace brood::wire {
namespace {

using Match = ExceptionRecord::Match;

// What `throw_it` throws while `inner` is the current exception.
template <class Throw>
std::exception_ptr thrown_over(const std::exception_ptr& inner, Throw throw_it) {
  try {
    std::rethrow_exception(inner);
  } catch (...) {
    try {
      throw_it();
    } catch (...) {
      return std::current_exception();
    }
  }
  return inner;
}

// Null when the type is not registered here. Never jumps to an address that only the bytes vouch
// for.
detail::CallEntry registered_rethrow(Reader& source) {
  const void* const address = take_code_if_present(source);
  const auto rethrow = reinterpret_cast<detail::CallEntry>(const_cast<void*>(address));
  return is_registered(rethrow) ? rethrow : nullptr;
}

// A user's type derived from std::runtime_error stays a TaskError: that is one, and says more.
const StandardException* standard_of(const ExceptionRecord& record) {
  if (record.match == Match::none) return nullptr;
  const StandardException& type = standard_exceptions()[record.standard];
  return record.match == Match::base && type.is_base_of_task_error ? nullptr : &type;
}

std::exception_ptr make_typed(const ExceptionRecord& record, const std::exception_ptr& task_error) {
  return thrown_over(task_error, [&] {
    if (!record.registered.empty()) {
      Reader source(record.registered, detail::LoadPolicy::loaded_only);
      if (const detail::CallEntry rethrow = registered_rethrow(source)) rethrow(source);
    }
    if (const StandardException* const type = standard_of(record))
      type->rethrow(record.text, record.details);
    throw;
  });
}

std::exception_ptr make_exception(const ExceptionRecord& record, const WorkerIdentity& worker,
                                  std::size_t index, const Attempts& attempts,
                                  const std::exception_ptr& cause) {
  const TaskError error(record.type, record.text, worker, index, record.stack_trace, attempts);
  const std::exception_ptr task_error =
      cause == nullptr ? std::make_exception_ptr(error)
                       : thrown_over(cause, [&] { std::throw_with_nested(TaskError(error)); });
  return make_typed(record, task_error);
}

std::string in_words(const ExceptionRecord& record) {
  return record.text.empty() ? record.type : record.type + ": " + shortened(record.text);
}

}  // namespace

std::string shortened(std::string_view text) {
  constexpr std::size_t longest = 16 * 1024;
  if (text.size() <= longest) return std::string(text);
  std::string out(text.substr(0, longest));
  out.append("... (").append(std::to_string(text.size() - longest)).append(" bytes more)");
  return out;
}

ExceptionChain take_chain(std::span<const std::byte> bytes) {
  Reader source(bytes, detail::LoadPolicy::loaded_only);
  auto chain = detail::decode_value<ExceptionChain>(source);
  if (source.left() != 0) detail::throw_trailing(source.left(), typeid(ExceptionRecord));
  if (chain.empty() || chain.size() > longest_chain) {
    throw CodecError(CodecError::Direction::decode, "exception",
                     "it has " + std::to_string(chain.size()) + " causes");
  }
  for (const ExceptionRecord& record : chain) {
    checked_index(record.standard, standard_exceptions().size(), "kind of an exception");
    checked_enum(record.match, Match::base, "match of an exception's type");
  }
  return chain;
}

std::exception_ptr decode_exception(std::span<const std::byte> bytes, const WorkerIdentity& worker,
                                    std::size_t index, const Attempts& attempts) {
  try {
    const ExceptionChain chain = take_chain(bytes);
    std::exception_ptr made;
    for (auto record = chain.rbegin(); record != chain.rend(); ++record) {
      made = make_exception(*record, worker, index, attempts, made);
    }
    return made;
  } catch (const CodecError&) {
    return std::current_exception();
  }
}

std::string describe_encoded_exception(std::span<const std::byte> bytes) {
  try {
    const ExceptionChain chain = take_chain(bytes);
    std::string text = in_words(chain.front());
    for (std::size_t i = 1; i < chain.size(); ++i) {
      // The TaskError below an exception that came from a worker repeats it.
      if (chain[i].type != "brood::TaskError") text += "; caused by " + in_words(chain[i]);
    }
    return text;
  } catch (const CodecError& error) {
    return std::string("an exception that could not be read (") + error.what() + ")";
  }
}

}  // namespace brood::wire
