#include "bootstrap/preload_hooks.hpp"

#include <cstdint>
#include <exception>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include "base/module.hpp"
#include "platform/copies.hpp"
#include "platform/process.hpp"
#include "wire/exception.hpp"

namespace brood::bootstrap {

std::string run_preload_hooks(std::span<const std::byte> hooks) noexcept {
  base::set_loading(base::Loading::allowed);
  const unsigned generation = platform::fork_generation();
  try {
    Reader reader(hooks);
    while (reader.left() != 0) {
      std::uint64_t length = 0;
      reader.read(&length, sizeof length);
      Reader call(reader.take(length));
      detail::take_code_as<detail::CallEntry>(call)(call);
      if (generation != platform::fork_generation()) platform::end_copy();
    }
    return {};
  } catch (...) {
    if (generation != platform::fork_generation()) platform::end_copy();
    return wire::describe_exception(std::current_exception());
  }
}

}  // namespace brood::bootstrap
