#include "start/entry.hpp"

#include <brood/launcher.hpp>
#include "base/module.hpp"
#include "platform/foreign_close.hpp"
#include "process/child.hpp"
#include "worker/worker.hpp"

namespace brood::start {

void run_role(const WorkerDescriptors& given) {
  base::set_loading(base::Loading::allowed);
  platform::set_closes_may_wait(given.role == Role::worker);
  if (given.role == Role::process) process::run_process(given);
  worker::run_worker(given, {&set_start_method, &start_no_more});
}

}  // namespace brood::start
