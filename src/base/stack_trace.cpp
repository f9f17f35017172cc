#include "base/stack_trace.hpp"

#include <algorithm>
#include <cstdio>

namespace brood::detail {
namespace {

std::string hex(std::uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

std::string in_words(const base::Location& location) {
  if (location.file.empty()) return location.function;
  return location.function + " at " + location.file + ":" + std::to_string(location.line);
}

// This process's copy of the module. One without a build-id is only known when it is the program:
// any other file may have been replaced.
const base::Module* own_copy(const StackTrace::Module& module) {
  if (module.id != base::BuildId{}) return base::find_module(module.id, module.path);
  return module.path.empty() ? &base::main_module() : nullptr;
}

std::string bare(std::uint64_t frame, const StackTrace::Module* module) {
  if (module == nullptr) return hex(frame);
  return hex(frame) + " in " + (module->path.empty() ? "the program" : module->path) + " + " +
         hex(frame - module->base);
}

}  // namespace

const StackTrace::Module* StackTrace::module_of(std::uint64_t frame) const {
  const auto found = std::find_if(modules_.begin(), modules_.end(), [frame](const Module& module) {
    return frame >= module.begin && frame < module.end;
  });
  return found != modules_.end() ? &*found : nullptr;
}

std::string StackTrace::text() const {
  std::string text = text_;
  int number = 0;
  const auto add = [&](const std::string& line) {
    text += "#" + std::to_string(number++) + " " + line + "\n";
  };
  for (const std::uint64_t frame : frames_) {
    const Module* const module = module_of(frame);
    const base::Module* const own = module != nullptr ? own_copy(*module) : nullptr;
    std::vector<base::Location> locations;
    if (own != nullptr) locations = base::locate(*own, frame - module->base + own->base);
    for (const base::Location& location : locations) add(in_words(location));
    if (locations.empty()) add(bare(frame, module));
  }
  return text;
}

}  // namespace brood::detail
