#include "start/entry.hpp"

#include <cstdint>
#include <exception>

#include <brood/codec.hpp>
#include <brood/detail/callable.hpp>
#include <brood/start_method.hpp>
#include "wire/exception.hpp"
#include "worker/worker.hpp"

namespace brood::start {

void worker_entry(const Handover& descriptors) {
  worker::run_worker({descriptors.tasks, descriptors.results, descriptors.page, descriptors.owner,
                      descriptors.escort, &set_start_method});
}

std::string run_preload_hooks(std::span<const std::byte> hooks) noexcept {
  try {
    Reader reader(hooks);
    while (reader.left() != 0) {
      std::uint64_t length = 0;
      reader.read(&length, sizeof length);
      Reader call(reader.take(length));
      reinterpret_cast<detail::CallEntry>(const_cast<void*>(detail::take_code(call)))(call);
    }
    return {};
  } catch (...) {
    return wire::describe_exception(std::current_exception());
  }
}

}  // namespace brood::start
