#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>

#include "base/stack_trace.hpp"

// libbacktrace comes with gcc; where CMake has found none, functions are known by the tables that
// the dynamic linker uses, which have the exported ones only.
#ifdef BROOD_BACKTRACE_HEADER
#include BROOD_BACKTRACE_HEADER
#endif

namespace brood::base {
namespace {

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return text != nullptr ? text.get() : name;
}

std::vector<Location> locate_exported(std::uintptr_t address) {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(address), &info) == 0 || info.dli_sname == nullptr)
    return {};
  return {{demangled(info.dli_sname), {}, 0}};
}

#ifdef BROOD_BACKTRACE_HEADER

void ignore_error(void*, const char*, int) {}

// libbacktrace reads debug information once, cannot free it and learns of no module that is loaded
// later. So there is another state for modules that the others do not know; they stay, and so
// there are not many: what comes later still is known by its exported names. A state itself never
// waits for a lock (it is made with `threaded`), and nor does this.
struct Known {
  backtrace_state* state;
  std::vector<LoadedModule> modules;
  const Known* previous;
  int number;

  bool has(const Module& module) const {
    return std::any_of(modules.begin(), modules.end(), [&module](const LoadedModule& loaded) {
      return loaded.base == module.base && (loaded.id == module.id || module.path.empty());
    });
  }
};
constexpr int most_states = 8;

backtrace_state* state_for(const Module& module) {
  static constinit std::atomic<const Known*> newest{nullptr};
  const Known* const seen = newest.load();
  for (const Known* known = seen; known != nullptr; known = known->previous) {
    if (known->has(module)) return known->state;
  }
  const int number = seen != nullptr ? seen->number + 1 : 1;
  if (number > most_states) return nullptr;
  backtrace_state* const state = ::backtrace_create_state(nullptr, 1, &ignore_error, nullptr);
  if (state == nullptr) return nullptr;
  auto fresh = std::make_unique<const Known>(Known{state, loaded_modules(), seen, number});
  const Known* expected = seen;
  if (!newest.compare_exchange_strong(expected, fresh.get()))
    return state_for(module);  // another thread was faster; a state that was not used is small
  static_cast<void>(fresh.release());
  return state;
}

int add_location(void* target, std::uintptr_t, const char* file, int line, const char* function) {
  if (function == nullptr) return 0;
  static_cast<std::vector<Location>*>(target)->push_back(
      {demangled(function), file != nullptr ? file : "", line});
  return 0;
}

void add_symbol(void* target, std::uintptr_t, const char* name, std::uintptr_t, std::uintptr_t) {
  if (name != nullptr)
    static_cast<std::vector<Location>*>(target)->push_back({demangled(name), {}, 0});
}

std::vector<Location> locate_by_debug_information(const Module& module, std::uintptr_t address) {
  std::vector<Location> locations;
  backtrace_state* const state = state_for(module);
  if (state == nullptr) return locations;
  ::backtrace_pcinfo(state, address, &add_location, &ignore_error, &locations);
  if (locations.empty())
    ::backtrace_syminfo(state, address, &add_symbol, &ignore_error, &locations);
  return locations;
}

#else

std::vector<Location> locate_by_debug_information(const Module&, std::uintptr_t) { return {}; }

#endif

}  // namespace

std::vector<Location> locate(const Module& module, std::uintptr_t address) {
  std::vector<Location> locations = locate_by_debug_information(module, address);
  return locations.empty() ? locate_exported(address) : locations;
}

}  // namespace brood::base
