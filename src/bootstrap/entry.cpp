#include "start/entry.hpp"

#include <cstdint>
#include <exception>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/launcher.hpp>
#include "base/module.hpp"
#include "platform/copies.hpp"
#include "platform/foreign_close.hpp"
#include "platform/process.hpp"
#include "process/child.hpp"
#include "wire/exception.hpp"
#include "worker/worker.hpp"

namespace brood::start {

void run_role(const WorkerDescriptors& given) {
  base::set_loading(base::Loading::allowed);
  platform::set_closes_may_wait(given.role == Role::worker);
  if (given.role == Role::process) process::run_process(given);
  worker::run_worker(given, {&set_start_method, &start_no_more});
}

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

}  // namespace brood::start
