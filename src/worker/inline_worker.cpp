#include "worker/inline_worker.hpp"

#include <unistd.h>

#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include <brood/detail/codec/callable.hpp>
#include "base/log.hpp"
#include "platform/copies.hpp"
#include "platform/process.hpp"
#include "wire/exception.hpp"

namespace brood::worker {

using protocol::Type;

namespace {

void run_inline_call(std::span<const std::byte> encoded) {
  if (encoded.empty()) return;
  Reader call(encoded);
  detail::take_code_as<detail::CallEntry>(call)(call);
}

}  // namespace

InlineWorker::InlineWorker(InlineOwner& owner, protocol::WorkerPage& page, std::string name,
                           Place place)
    : owner_(owner),
      page_(page),
      identity_{.name = std::move(name), .state = {}, .hooks = {}},
      place_(place),
      generation_(platform::fork_generation()),
      session_(*this, page) {}

bool InlineWorker::serve() {
  serving_ = std::this_thread::get_id();
  std::optional<InlineScope> scope;
  if (place_ == Place::outermost) scope.emplace(identity_);
  if (!std::exchange(greeted_, true) && !initialize(session_.greet())) return false;
  idle_ = false;
  session_.serve();
  if (!idle_) {
    leave();
    return false;
  }
  page_.no_more_tasks.store(0, std::memory_order_release);
  return true;
}

bool InlineWorker::initialize(const protocol::WorkerSetup& setup) {
  try {
    run_inline_call(setup.initializer);
    run_inline_call(setup.state);
  } catch (...) {
    detail::Bytes encoded;
    wire::encode_exception(encoded, std::current_exception());
    session_.fail_to_start(Type::start_failed, encoded.view());
    exit_code_ = exit_initializer;
    return false;
  }
  end_if_copy();
  session_.ready();
  return true;
}

void InlineWorker::leave() {
  while (!identity_.hooks.empty()) {
    const std::function<void()> hook = std::move(identity_.hooks.back());
    identity_.hooks.pop_back();
    try {
      hook();
    } catch (...) {
      base::log_warning("an exit hook threw " + wire::describe_exception(std::current_exception()));
    }
  }
  identity_.state.reset();
  session_.results().flush();
}

// Where the owner has nothing more, the session is to return, and finds the end of its tasks.
void InlineWorker::sleep(const std::atomic<std::uint32_t>&, std::uint32_t value) {
  if (value == static_cast<std::uint32_t>(protocol::WorkerWait::for_room))
    return owner_.take_results();
  const std::uint64_t head = page_.task_head.load(std::memory_order_acquire);
  owner_.bring_tasks();
  if (page_.task_head.load(std::memory_order_acquire) != head) return;
  if (page_.no_more_tasks.load(std::memory_order_acquire) != 0) return;
  idle_ = true;
  page_.no_more_tasks.store(1, std::memory_order_release);
}

void InlineWorker::end_if_copy() noexcept {
  if (generation_ != platform::fork_generation()) platform::end_copy();
}

bool InlineWorker::is_serving_thread() const noexcept {
  return std::this_thread::get_id() == serving_;
}

// As a worker would: it is this process that the task has spoilt.
void InlineWorker::end(int code) {
  base::log_error("a task has ended its thread, and with it, inline, the program");
  ::_exit(code);
}

}  // namespace brood::worker
