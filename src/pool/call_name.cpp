#include "pool/call_name.hpp"

#include <cstdint>
#include <exception>
#include <string_view>
#include <vector>

#include <brood/codec.hpp>
#include "base/module.hpp"
#include "base/stack_trace.hpp"
#include "wire/code_ref.hpp"

namespace brood::pool {

namespace {

constexpr std::string_view unnamed = "call";

// Null where the next bytes are no code reference, or one of code that is not here.
const void* next_code(Reader& source) {
  try {
    return wire::take_code_if_present(source);
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Every program has some of these.
std::string without_anonymous(std::string symbol) {
  constexpr std::string_view anonymous = "(anonymous namespace)::";
  for (std::size_t at = 0; (at = symbol.find(anonymous, at)) != std::string::npos;)
    symbol.erase(at, anonymous.size());
  return symbol;
}

std::string symbol_of(const void* code) {
  const auto address = reinterpret_cast<std::uintptr_t>(code);
  const base::Module* const module = base::find_module(address);
  if (module == nullptr) return {};
  const std::vector<base::Location> locations = base::locate(*module, address);
  return locations.empty() ? std::string() : without_anonymous(locations.back().function);
}

// The position behind the brackets that begin at `at`, or of `end` outside of brackets.
std::size_t find_outside(std::string_view text, std::size_t at, std::string_view end) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (depth == 0 && end.find(c) != std::string_view::npos) return at;
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
  }
  return text.size();
}

// "F" of "void brood::detail::run_map<F, int, int>(brood::detail::Run&)"
std::string_view first_argument(std::string_view symbol) {
  const std::size_t open = symbol.find('<');
  if (open == std::string_view::npos) return {};
  return symbol.substr(open + 1, find_outside(symbol, open + 1, ",>") - open - 1);
}

// "ns::square" of "double ns::square<double>(double)"
std::string without_parameters(std::string_view symbol) {
  const std::size_t open = find_outside(symbol, 0, "(");
  std::string_view name = symbol.substr(0, open);
  if (name.empty()) return std::string(symbol);
  std::size_t begin = 0;
  for (std::size_t space = 0; (space = find_outside(name, space, " ")) < name.size();)
    begin = ++space;
  return std::string(name.substr(begin));
}

}  // namespace

// The runner comes first, named by the type of the function; then, of plain functions, those.
std::string name_of_call(std::span<const std::byte> definition) {
  Reader source(definition, detail::LoadPolicy::loaded_only);
  const void* const runner = next_code(source);
  if (runner == nullptr) return std::string(unnamed);
  const std::string symbol = symbol_of(runner);
  std::string_view function = first_argument(symbol);
  if (function.starts_with("brood::detail::MapReduce<")) function = first_argument(function);
  const bool is_plain = function.empty() || function.find("(*)") != std::string_view::npos;
  if (is_plain) {
    if (const void* const code = next_code(source)) {
      const std::string plain = symbol_of(code);
      if (!plain.empty()) return without_parameters(plain);
    }
  }
  return function.empty() ? std::string(unnamed) : std::string(function);
}

}  // namespace brood::pool
