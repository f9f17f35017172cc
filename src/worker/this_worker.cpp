#include "worker/this_worker.hpp"

#include <unistd.h>

#include <memory>
#include <typeinfo>
#include <utility>

#include <brood/errors.hpp>
#include <brood/this_worker.hpp>
#include "base/type_name.hpp"
#include "worker/this_worker.hpp"

namespace brood {

namespace {

struct IdentityAsWorker {
  std::string name;
  int slot;
  ::pid_t pid;
};
// Never destroyed: threads of the user's may ask to the last.
const IdentityAsWorker* own_identity = nullptr;

struct WorkerState {
  const std::type_info* type;
  std::shared_ptr<void> value;
};
WorkerState* own_state = nullptr;
// The calling thread runs elements for one without a process.
thread_local worker::InlineIdentity* inline_worker = nullptr;

const IdentityAsWorker& identity_for(const char* function) {
  if (own_identity == nullptr || own_identity->pid != ::getpid())
    throw UsageError(std::string("brood::this_worker::") + function +
                     ": this process is no worker of a pool");
  return *own_identity;
}

void* checked_state(const std::type_info& wanted, const std::type_info* type,
                    const std::shared_ptr<void>& value) {
  if (value == nullptr)
    throw UsageError(
        "brood::this_worker::state: the pool has no state: make it with "
        "PoolOptions::state = brood::state<" +
        base::type_name(wanted) + ">(arguments...)");
  if (*type != wanted)
    throw UsageError("brood::this_worker::state: the pool's state is a " + base::type_name(*type) +
                     ", and no " + base::type_name(wanted));
  return value.get();
}

}  // namespace

namespace worker {
void become_worker(const std::string& name, int slot) {
  own_identity = new IdentityAsWorker{name, slot, ::getpid()};
  own_state = nullptr;  // that of the worker which this one was forked from
}

InlineScope::InlineScope(InlineIdentity& worker) noexcept
    : before_(std::exchange(inline_worker, &worker)), hooks_(worker.hooks) {}
InlineScope::~InlineScope() { inline_worker = before_; }

void drop_state() noexcept {
  if (own_state != nullptr) own_state->value.reset();
}
}  // namespace worker

namespace detail {

void set_worker_state(const std::type_info& type, std::shared_ptr<void> value) {
  if (inline_worker != nullptr) {
    inline_worker->state_type = &type;
    inline_worker->state = std::move(value);
    return;
  }
  identity_for("state");
  own_state = new WorkerState{&type, std::move(value)};
}

// Also in a process that a task has forked, which has a copy of it: this is called for elements.
void* worker_state(const std::type_info& type) {
  if (inline_worker != nullptr)
    return checked_state(type, inline_worker->state_type, inline_worker->state);
  if (own_identity == nullptr) identity_for("state");
  if (own_state == nullptr) return checked_state(type, nullptr, nullptr);
  return checked_state(type, own_state->type, own_state->value);
}

}  // namespace detail

namespace this_worker {
std::string name() {
  return inline_worker != nullptr ? inline_worker->name : identity_for("name").name;
}
int slot() { return inline_worker != nullptr ? inline_worker->slot : identity_for("slot").slot; }
}  // namespace this_worker

}  // namespace brood
