#include "base/module.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <brood/errors.hpp>
#include "base/closed_files.hpp"
#include "base/library_file.hpp"

namespace brood::base {
namespace {

std::span<const ElfW(Phdr)> segments_of(const dl_phdr_info& info) {
  return {info.dlpi_phdr, info.dlpi_phnum};
}

const std::uint8_t* at(const dl_phdr_info& info, const ElfW(Phdr) & segment) {
  return reinterpret_cast<const std::uint8_t*>(info.dlpi_addr + segment.p_vaddr);
}

bool is_code(const ElfW(Phdr) & segment) {
  return segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0;
}

BuildId hash_of_code(const dl_phdr_info& info) {
  CodeHash hash;
  for (const ElfW(Phdr) & segment : segments_of(info)) {
    if (is_code(segment)) hash.add({at(info, segment), segment.p_filesz});
  }
  return hash.id();
}

// Zero where there is none.
BuildId noted_build_id(std::span<const ElfW(Phdr)> segments, std::uintptr_t base) noexcept {
  BuildId id{};
  for (const ElfW(Phdr) & segment : segments) {
    if (segment.p_type != PT_NOTE) continue;
    const auto* const notes = reinterpret_cast<const std::uint8_t*>(base + segment.p_vaddr);
    id = build_id_in_notes({notes, segment.p_memsz}, segment.p_align);
    if (id != BuildId{}) break;
  }
  return id;
}

BuildId build_id_of(const dl_phdr_info& info) {
  const BuildId id = noted_build_id(segments_of(info), info.dlpi_addr);
  return id != BuildId{} ? id : hash_of_code(info);
}

// The loader may know a library by a relative path; the process that reads the reference may be
// elsewhere.
std::string absolute_path(const char* path) {
  if (files_are_closed) return path;
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path, nullptr), &std::free);
  return resolved != nullptr ? resolved.get() : path;
}

Module module_of(const dl_phdr_info& info, bool is_program) {
  Module module;
  module.id = build_id_of(info);
  module.base = info.dlpi_addr;
  for (const ElfW(Phdr) & segment : segments_of(info)) {
    const auto begin = reinterpret_cast<std::uintptr_t>(at(info, segment));
    if (is_code(segment)) module.code.push_back({begin, begin + segment.p_memsz});
  }
  if (!is_program) module.path = absolute_path(info.dlpi_name);
  return module;
}

// Walks the modules in load order, the program first, until `visit` returns true. The loader's lock
// is held meanwhile.
template <class Visit>
void for_each_module(Visit visit) {
  struct Walk {
    Visit& visit;
    bool is_program = true;
  } walk{visit};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* context) -> int {
        auto& state = *static_cast<Walk*>(context);
        return state.visit(*info, std::exchange(state.is_program, false)) ? 1 : 0;
      },
      &walk);
}

// The module that this thread found last, and how often modules had come and gone by then. Per
// thread: neither a lock to take nor one that a fork could leave locked.
struct Found {
  std::optional<Module> module;
  unsigned long long loaded = 0, unloaded = 0;

  bool is_current(const dl_phdr_info& info) const {
    return module.has_value() && loaded == info.dlpi_adds && unloaded == info.dlpi_subs;
  }
  const Module* keep(Module found, const dl_phdr_info& info) {
    module = std::move(found);
    loaded = info.dlpi_adds;
    unloaded = info.dlpi_subs;
    return &*module;
  }
};

Found& last_found() {
  static thread_local Found found;
  return found;
}

bool holds_code(const dl_phdr_info& info, std::uintptr_t address) {
  for (const ElfW(Phdr) & segment : segments_of(info)) {
    const auto begin = reinterpret_cast<std::uintptr_t>(at(info, segment));
    if (is_code(segment) && address >= begin && address - begin < segment.p_memsz) return true;
  }
  return false;
}

}  // namespace

std::string to_string(const BuildId& id) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : id) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::vector<LoadedModule> loaded_modules() {
  std::vector<LoadedModule> modules;
  for_each_module([&](const dl_phdr_info& info, bool) {
    modules.push_back({info.dlpi_addr, noted_build_id(segments_of(info), info.dlpi_addr)});
    return false;
  });
  return modules;
}

BuildId build_id_in_memory(const void* file, std::uintptr_t base) noexcept {
  const auto* const header = static_cast<const ElfW(Ehdr)*>(file);
  if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return {};
  const auto* const segments =
      reinterpret_cast<const ElfW(Phdr)*>(static_cast<const std::uint8_t*>(file) + header->e_phoff);
  return noted_build_id({segments, header->e_phnum}, base);
}

const Module& main_module() {
  // Never destroyed: calls come from static objects and from threads that outlive main().
  static const Module* const module = [] {
    auto* const program = new Module;
    for_each_module([&](const dl_phdr_info& info, bool is_program) {
      *program = module_of(info, is_program);
      return true;
    });
    return program;
  }();
  return *module;
}

const Module* find_module(std::uintptr_t address) {
  if (main_module().holds_code(address)) return &main_module();
  const Module* result = nullptr;
  Found& last = last_found();
  for_each_module([&](const dl_phdr_info& info, bool is_program) {
    if (is_program) {
      if (last.is_current(info) && last.module->holds_code(address)) result = &*last.module;
      return result != nullptr;
    }
    if (holds_code(info, address)) result = last.keep(module_of(info, false), info);
    return result != nullptr;
  });
  return result;
}

const Module* find_module(const BuildId& id, const std::string& path) {
  if (path.empty() && id == main_module().id) return &main_module();
  Found& last = last_found();
  const Module* result = nullptr;
  for_each_module([&](const dl_phdr_info& info, bool is_program) {
    if (is_program) {
      if (last.is_current(info) && last.module->id == id && last.module->path == path)
        result = &*last.module;
      return result != nullptr;
    }
    if (result != nullptr && absolute_path(info.dlpi_name) != path) return false;
    if (build_id_of(info) != id) return false;
    result = last.keep(module_of(info, false), info);
    return result->path == path;
  });
  if (result == nullptr && id == main_module().id)
    return &main_module();  // the sender had it as a library
  return result;
}

constinit std::atomic<Loading> loading_state{Loading::refused};

[[noreturn]] void throw_other_build(const BuildId& id, const std::string& path) {
  throw CodecError(
      CodecError::Direction::decode, "function",
      "the library " + path + " is another build than the sender's (" + to_string(id) + ")");
}

// dlopen knows by the path that it has the library, though another build lies there now. The file's
// other name is new to it.
const Module* load_replacement(const LibraryFile& file, const BuildId& id,
                               const std::string& path) {
  const std::string name = "/proc/self/fd/" + std::to_string(file.number());
  void* const handle = ::dlopen(name.c_str(), RTLD_NOW);
  if (handle == nullptr) return nullptr;
  const Module* const module = find_module(id, path);
  if (module == nullptr) ::dlclose(handle);
  return module;
}

void set_loading(Loading loading) noexcept { loading_state.store(loading); }
Loading loading() noexcept { return loading_state.load(); }

// Loading runs the library's constructors, so its file is read first. Between the two it can be
// replaced, by what may write to its directory; by the path and not by the open file because the
// linker resolves $ORIGIN and finds the library again by the name that it was loaded under.
const Module& load_module(const BuildId& id, const std::string& path) {
  if (files_are_closed) {
    throw CodecError(CodecError::Direction::decode, "function",
                     "the library it is in cannot be loaded in a sandbox: load " + path +
                         " in the pool's initializer");
  }
  const LibraryFile file(path);
  if (file.build_id() != id) throw_other_build(id, path);
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW);
  if (handle == nullptr) {
    const char* const reason = ::dlerror();
    throw_not_loadable(reason != nullptr ? reason : path);
  }
  if (const Module* const module = find_module(id, path)) return *module;
  ::dlclose(handle);
  if (const Module* const module = load_replacement(file, id, path)) return *module;
  throw_other_build(id, path);
}

}  // namespace brood::base
