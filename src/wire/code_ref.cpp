#include "wire/code_ref.hpp"

#include <string>

#include <brood/detail/codec/callable.hpp>

// A code reference: build-id (16 bytes), offset from the module's base (8), length of the path (4),
// path.

namespace brood {
namespace wire {
namespace {

using detail::LoadPolicy;

constexpr std::uint32_t longest_path = 4096;  // PATH_MAX

struct CodeReference {
  BuildId id{};
  std::uint64_t offset = 0;
  std::string path;
};

CodeReference take_reference(Reader& source) {
  CodeReference reference;
  std::uint32_t length = 0;
  source.read(reference.id.data(), reference.id.size());
  source.read(&reference.offset, sizeof reference.offset);
  source.read(&length, sizeof length);
  if (length > longest_path) {
    throw CodecError(CodecError::Direction::decode, "function", "its library's path is too long",
                     longest_path);
  }
  const auto path = source.take(length);
  reference.path.assign(reinterpret_cast<const char*>(path.data()), path.size());
  return reference;
}

const void* address_in(const base::Module& module, const CodeReference& reference) {
  const std::uintptr_t address = module.base + reference.offset;
  return module.holds_code(address) ? reinterpret_cast<const void*>(address) : nullptr;
}

[[noreturn]] void throw_not_loaded(const std::string& path) {
  throw CodecError(CodecError::Direction::decode, "function",
                   "it is in the library " + path +
                       ", which is not loaded in this process: bytes from other processes have "
                       "none loaded, so open it before (dlopen)");
}

const base::Module& module_for(const CodeReference& reference, LoadPolicy policy) {
  if (const base::Module* const module = base::find_module(reference.id, reference.path))
    return *module;
  if (!reference.path.empty()) {
    if (policy == LoadPolicy::may_load && base::loading() == base::Loading::allowed)
      return base::load_module(reference.id, reference.path);
    throw_not_loaded(reference.path);
  }
  throw CodecError(CodecError::Direction::decode, "function",
                   "the sender's program is another build (" + to_string(reference.id) +
                       ") than this one (" + to_string(program_build_id()) +
                       "); was it rebuilt while it ran?");
}

}  // namespace

BuildId program_build_id() { return base::main_module().id; }

const void* take_code_if_present(Reader& source) {
  const CodeReference reference = take_reference(source);
  const base::Module* const module = base::find_module(reference.id, reference.path);
  return module != nullptr ? address_in(*module, reference) : nullptr;
}

}  // namespace wire

namespace detail {

void put_code(Bytes& target, const void* address) {
  constexpr auto encode = CodecError::Direction::encode;
  if (address == nullptr)
    throw CodecError(encode, "function", "it is a null pointer: there is nothing to call");
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  const base::Module* const module = base::find_module(value);
  if (module == nullptr) {
    throw CodecError(encode, "function",
                     "its address lies in no loaded program or library (code made at run time?)");
  }
  const std::uint64_t offset = value - module->base;
  const auto length = static_cast<std::uint32_t>(module->path.size());
  target.append(module->id.data(), module->id.size());
  target.append(&offset, sizeof offset);
  target.append(&length, sizeof length);
  target.append(module->path.data(), length);
}

bool is_permanent(const void* address) noexcept {
  return base::main_module().holds_code(reinterpret_cast<std::uintptr_t>(address));
}

const void* take_code(Reader& source) {
  const wire::CodeReference reference = wire::take_reference(source);
  const base::Module& module = wire::module_for(reference, source.load_policy());
  if (const void* const address = wire::address_in(module, reference)) return address;
  throw CodecError(CodecError::Direction::decode, "function",
                   "offset " + std::to_string(reference.offset) + " lies outside the code of " +
                       (module.path.empty() ? std::string("the program") : module.path));
}

}  // namespace detail
}  // namespace brood
