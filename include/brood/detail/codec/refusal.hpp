#pragma once

#include <cstdint>

// Why a value cannot travel, or a call cannot be made, and what a compiler says then.
namespace brood::detail {

/// The first group is of values, the second of calls.
enum class Refusal : std::uint8_t {
  none,
  pointer,
  pointer_member,
  reference,
  text_view,
  span,
  directory_entry,
  hidden_function,
  base_class,
  too_many_members,
  odd_member,
  no_serializer,
  no_default,

  no_task,
  captures,
  hidden_task,
  no_range,
  no_tuples,
  argument_number,
  argument_types,
  reference_result,
  no_result,
  no_output,
};

/// What stands in the way of a value or call, and the type that it concerns: the innermost one, for
/// a value in a value.
template <Refusal why, class Culprit>
struct Verdict {
  static constexpr Refusal reason = why;
  using culprit = Culprit;
};
using Accepted = Verdict<Refusal::none, void>;

/// The first verdict that is a refusal.
template <class... V>
struct FirstRefusal {
  using type = Accepted;
};
template <class V, class... Others>
struct FirstRefusal<V, Others...> {
  using type = V;
};
template <class... Others>
struct FirstRefusal<Accepted, Others...> : FirstRefusal<Others...> {};
template <class... V>
using first_refusal_t = typename FirstRefusal<V...>::type;

// Of a class that has a `verdict`, of a call or of a value.
template <class Call>
inline constexpr bool is_accepted = Call::verdict::reason == Refusal::none;
template <class Call, Refusal refusal>
inline constexpr bool is_refused = Call::verdict::reason == refusal;

/// The body of functions that exist to be refused.
[[noreturn]] void never_called();

}  // namespace brood::detail

// One sentence for each refusal: the thing, and the way out. A static_assert and an attribute take
// nothing but literals. BROOD_VALUE_REFUSALS(X) is X(refusal, sentence) for each.
#define BROOD_VALUE_REFUSALS(X)                                                                    \
  X(pointer,                                                                                       \
    "brood: a pointer means nothing in another process; pass the value, or a std::unique_ptr or "  \
    "std::shared_ptr to it with cereal/types/memory.hpp included")                                 \
  X(pointer_member,                                                                                \
    "brood: an aggregate with a pointer as a member cannot travel: a pointer means nothing in "    \
    "another process; hold the value, a std::string, a std::vector or a std::unique_ptr instead, " \
    "or give the aggregate a cereal serialize() function")                                         \
  X(reference,                                                                                     \
    "brood: a reference or std::reference_wrapper means nothing in another process; pass the "     \
    "value")                                                                                       \
  X(text_view,                                                                                     \
    "brood: a std::string_view sees text of its own process and cannot travel as a result or in "  \
    "another value; use a std::string there (a parameter of a task may be a std::string_view)")    \
  X(span,                                                                                          \
    "brood: a std::span sees memory of its own process and cannot travel as a result or in "       \
    "another value; use a std::vector there (a parameter of a task may be a std::span<const T>)")  \
  X(directory_entry,                                                                               \
    "brood: a std::filesystem::directory_entry cannot travel; send its path(), with "              \
    "brood/path.hpp included")                                                                     \
  X(hidden_function,                                                                               \
    "brood: a std::function, or what like it hides which function it holds, cannot travel; pass "  \
    "brood::task(function, values...), or let the task choose the function by a value")            \
  X(base_class,                                                                                    \
    "brood: an aggregate with a base class cannot travel by its members; give it a cereal "        \
    "serialize() function, or make the base its first member")                                     \
  X(too_many_members,                                                                              \
    "brood: an aggregate of more than 32 members cannot travel by its members; give it a cereal "  \
    "serialize() function, or put some of them into an aggregate of their own")                    \
  X(odd_member,                                                                                    \
    "brood: an aggregate with a member that is a reference, const, or without a default "          \
    "constructor cannot travel by its members; make that a plain value, or give the aggregate a "  \
    "cereal serialize() function")                                                                 \
  X(no_serializer,                                                                                 \
    "brood: this type cannot travel between processes: give it a cereal serialize() function, "    \
    "make all its members public, or include the cereal/types header for it")                      \
  X(no_default, "brood: a type that travels between processes needs a public default constructor")

#define BROOD_CALL_REFUSALS(X)                                                                    \
  X(no_task,                                                                                      \
    "brood: this cannot be a task: use a function, a captureless lambda, a pointer to member, a " \
    "function object that can travel, or brood::task(function, values...)")                       \
  X(captures,                                                                                     \
    "brood: this cannot be a task: a lambda with captures, or a function object that cannot "     \
    "travel; write brood::copied(lambda) where all captures are trivially copyable values, else " \
    "brood::task(function, values...)")                                                           \
  X(hidden_task,                                                                                  \
    "brood: this cannot be a task: a std::function, or what like it hides which function it "     \
    "holds; pass that function itself, or brood::task(function, values...)")                      \
  X(no_range,                                                                                     \
    "brood: this verb takes a range of inputs: a container, a view or a {list}; for one call "    \
    "there is apply")                                                                             \
  X(no_tuples,                                                                                    \
    "brood: starmap takes a range of tuples, pairs or arrays, one element for each parameter; a " \
    "range of single values is for map")                                                          \
  X(argument_number,                                                                              \
    "brood: this function cannot be called with these arguments: it takes another number of "     \
    "them; apply passes all that it is given, map one element, starmap the elements of a tuple")  \
  X(argument_types,                                                                               \
    "brood: this function cannot be called with these arguments, which arrive as values: a "      \
    "string literal or a view of text as std::string, which no const char* parameter takes")      \
  X(reference_result,                                                                             \
    "brood: a task's result is returned by value; return a copy: a reference (or "                \
    "std::reference_wrapper) means nothing in another process")                                   \
  X(no_result,                                                                                    \
    "brood: map_into takes a function that returns something; for one that does not there is "    \
    "for_each")                                                                                   \
  X(no_output,                                                                                    \
    "brood: map_into writes to contiguous memory of a known size: a vector, an array, a span of " \
    "one, whose elements are not const and can be made of results")

namespace brood::detail {

/// To make one of a refusal is an error of the function that does, with the refusal's sentence.
template <class Found>
struct SentenceOf {
  constexpr bool accepted() const { return true; }
};
#define BROOD_SENTENCE_OF(refusal, sentence)                         \
  template <class Culprit>                                           \
  struct SentenceOf<Verdict<Refusal::refusal, Culprit>> {            \
    __attribute__((unavailable(sentence))) constexpr SentenceOf() {} \
    constexpr bool accepted() const { return false; }                \
  };
BROOD_VALUE_REFUSALS(BROOD_SENTENCE_OF)
BROOD_CALL_REFUSALS(BROOD_SENTENCE_OF)
#undef BROOD_SENTENCE_OF
template <class Call>
using Sentence = SentenceOf<typename Call::verdict>;

}  // namespace brood::detail
