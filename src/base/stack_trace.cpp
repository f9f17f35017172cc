#include "base/stack_trace.hpp"

#include <algorithm>
#include <cstdio>

#include "base/frame_filter.hpp"

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

// Where libc's own start of a program lies, which has no name without debug information.
bool is_of_start(const StackTrace::Module* module) {
  return module != nullptr && module->path.find("/libc.so") != std::string::npos;
}

}  // namespace

const StackTrace::Module* StackTrace::module_of(std::uint64_t frame) const {
  const auto found = std::find_if(modules_.begin(), modules_.end(), [frame](const Module& module) {
    return frame >= module.begin && frame < module.end;
  });
  return found != modules_.end() ? &*found : nullptr;
}

// A frame that cannot be named is one of the C library's start where it lies in that library: what
// the user calls there has a name.
std::vector<std::string> StackTrace::lines_of(std::uint64_t frame, Frames frames) const {
  const Module* const module = module_of(frame);
  const base::Module* const own = module != nullptr ? own_copy(*module) : nullptr;
  std::vector<base::Location> locations;
  if (own != nullptr) locations = base::locate(*own, frame - module->base + own->base);
  std::vector<std::string> lines;
  if (locations.empty() && (frames == Frames::all || !is_of_start(module)))
    lines.push_back(bare(frame, module));
  for (const base::Location& location : locations) {
    if (frames == Frames::all || !base::is_between(location)) lines.push_back(in_words(location));
  }
  return lines;
}

std::string StackTrace::numbered(Frames frames) const {
  std::string text;
  int number = 0;
  for (const std::uint64_t frame : frames_) {
    for (const std::string& line : lines_of(frame, frames))
      text += "#" + std::to_string(number++) + " " + line + "\n";
  }
  return text;
}

std::string StackTrace::text(Frames frames) const {
  if (frames_.empty()) return text_;
  const std::string text = numbered(frames);
  return text_ + (text.empty() ? numbered(Frames::all) : text);
}

}  // namespace brood::detail
