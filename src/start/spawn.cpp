#include <utility>

#include "start/exec.hpp"
#include "start/methods.hpp"

namespace brood::start {
namespace {

/// A fresh program for each worker, a child of this process.
class SpawnMethod final : public Method {
 public:
  std::string name() const override { return "spawn"; }
  PendingStart ask(const std::string& process_name, const WorkerDescriptors& descriptors) override {
    StartedProcess started = execute(own_executable, worker_command(process_name, descriptors));
    children_.add(started.pid);
    return {0, std::move(started)};
  }
  std::optional<platform::Ended> ended(pid_t pid) override { return children_.collect(pid); }

 private:
  OwnChildren children_;
};

}  // namespace

std::unique_ptr<Method> open_spawn() {
  require_initialized("spawn");
  return std::make_unique<SpawnMethod>();
}

}  // namespace brood::start
