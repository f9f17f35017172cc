#include "base/frame_filter.hpp"

#include <algorithm>
#include <iterator>

namespace brood::base {
namespace {

// Folders of src and what they have in common with programs: brood's public names are not there,
// for users may have a namespace in brood, too.
constexpr std::string_view own_scopes[] = {
    "brood::base::",      "brood::bootstrap::", "brood::detail::",    "brood::manager::",
    "brood::platform::",  "brood::pool::",      "brood::process::",   "brood::protocol::",
    "brood::shared::",    "brood::start::",     "brood::transfer::",  "brood::wire::",
    "brood::worker::",    "brood::Pool::",      "brood::PoolCalls::", "brood::AsyncResult::",
    "brood::ImapRange::", "brood::Process::"};
constexpr std::string_view own_functions[] = {"brood::init", "brood::replay"};
constexpr std::string_view wrappers[] = {"std::__invoke",
                                         "std::__invoke_impl",
                                         "std::__invoke_r",
                                         "std::invoke",
                                         "std::invoke_r",
                                         "std::apply",
                                         "std::__apply_impl",
                                         "std::__1::invoke",
                                         "std::__1::__invoke",
                                         "std::__1::apply",
                                         "std::_Function_handler::_M_invoke",
                                         "std::function::operator()",
                                         "std::_Bind::operator()",
                                         "std::_Bind::__call"};
constexpr std::string_view starts[] = {"_start", "__libc_start_main", "__libc_start_call_main",
                                       "__libc_start_main_impl", "__libc_start_main_alias_1"};

// "run at src/worker/worker.cpp": less debug information has no scopes, and no parameters. Then the
// file tells, where it is called as one of the library's.
bool is_in_own_file(const Location& location) {
  if (location.function.find_first_of(":(") != std::string::npos) return false;
  constexpr std::string_view folders[] = {"base",    "bootstrap", "manager", "platform", "pool",
                                          "process", "protocol",  "shared",  "start",    "transfer",
                                          "wire",    "worker",    "progress"};
  const std::string_view file = location.file;
  if (file.find("/brood/detail/") != std::string_view::npos) return true;
  return std::any_of(std::begin(folders), std::end(folders), [file](std::string_view folder) {
    return file.find("/src/" + std::string(folder) + "/") != std::string_view::npos;
  });
}

template <class List>
bool has(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

}  // namespace

// At depth 0: `<` and `>` count brackets, but not in the names of operators, which are no wrappers.
std::string bare_name(std::string_view function) {
  constexpr std::string_view anonymous = "(anonymous namespace)";
  std::string name;
  int depth = 0;
  for (std::size_t i = 0; i < function.size(); ++i) {
    const char c = function[i];
    if (depth == 0 && function.substr(i).starts_with(anonymous)) {
      name += anonymous;
      i += anonymous.size() - 1;
    } else if (c == '<' || c == '{') {
      ++depth;
    } else if (c == '>' || c == '}') {
      --depth;
    } else if (depth == 0 && c == '(' && name == "decltype") {
      i = std::min(function.find(')', i), function.size());
    } else if (depth == 0 && c == '(') {
      if (name.ends_with("operator") && function.substr(i).starts_with("()")) {
        name += "()";
        ++i;
      } else {
        break;
      }
    } else if (depth == 0 && c == ' ' && !name.ends_with("operator")) {
      name.clear();  // it was the result
    } else if (depth == 0) {
      name += c;
    }
  }
  return name;
}

bool is_between(const Location& location) {
  if (is_in_own_file(location)) return true;
  const std::string name = bare_name(location.function);
  if (has(starts, name) || has(wrappers, name) || has(own_functions, name)) return true;
  return std::any_of(std::begin(own_scopes), std::end(own_scopes),
                     [&name](std::string_view scope) { return name.starts_with(scope); });
}

}  // namespace brood::base
