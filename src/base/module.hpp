#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace brood::base {

/// Names a build of a module: the first 16 bytes of its build-id, or of a hash of its code where
/// the linker left none.
using BuildId = std::array<std::uint8_t, 16>;
std::string to_string(const BuildId& id);
/// Where the modules that are loaded now lie, and their build-ids: zero where the linker left none.
struct LoadedModule {
  std::uintptr_t base;
  BuildId id;
};
std::vector<LoadedModule> loaded_modules();
/// The build-id of the module whose file starts at `file` in memory and whose addresses were moved
/// by `base`; zero where the linker left none. Async-signal-safe.
BuildId build_id_in_memory(const void* file, std::uintptr_t base) noexcept;

/// A program or shared library that is loaded in this process.
struct Module {
  struct Range {
    std::uintptr_t begin, end;
    bool holds(std::uintptr_t address) const noexcept { return address >= begin && address < end; }
  };
  bool holds_code(std::uintptr_t address) const noexcept {
    for (const Range& range : code) {
      if (range.holds(address)) return true;
    }
    return false;
  }

  BuildId id{};
  std::uintptr_t base = 0;
  std::vector<Range> code;  // its executable segments
  std::string path;         // absolute; empty for the main program
};

/// The program itself: it is never unloaded. Threads: any. Cost: none after the first call.
const Module& main_module();
/// The module whose code holds `address`, or null. Valid until this thread's next call of these
/// functions. Cost: tens of nanoseconds for the module of this thread's last call, else a walk over
/// the loaded modules.
const Module* find_module(std::uintptr_t address);
/// A module that is that build; the one at `path` where there are several.
const Module* find_module(const BuildId& id, const std::string& path);
/// Whether code references may have libraries loaded in this process. Only where Brood has started
/// it: such a process runs what its owner sends. At first refused.
enum class Loading : std::uint8_t { refused, allowed };
void set_loading(Loading loading) noexcept;
Loading loading() noexcept;
/// Loads the library at `path`, if its file is that build, and keeps it loaded. Throws CodecError
/// when it is another or cannot be loaded.
const Module& load_module(const BuildId& id, const std::string& path);

}  // namespace brood::base
