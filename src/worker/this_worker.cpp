#include "worker/this_worker.hpp"

#include <unistd.h>

#include <optional>

#include <brood/errors.hpp>
#include <brood/this_worker.hpp>

namespace brood {

namespace {

struct IdentityAsWorker {
  std::string name;
  int slot;
  ::pid_t pid;
};
// Never destroyed: threads of the user's may ask to the last.
const IdentityAsWorker* own_identity = nullptr;

const IdentityAsWorker& identity_for(const char* function) {
  if (own_identity == nullptr || own_identity->pid != ::getpid())
    throw UsageError(std::string("brood::this_worker::") + function +
                     ": this process is no worker of a pool");
  return *own_identity;
}

}  // namespace

namespace worker {
void become_worker(const std::string& name, int slot) {
  own_identity = new IdentityAsWorker{name, slot, ::getpid()};
}
}  // namespace worker

namespace this_worker {
std::string name() { return identity_for("name").name; }
int slot() { return identity_for("slot").slot; }
}  // namespace this_worker

}  // namespace brood
