#include <exception>
#include <string>
#include <utility>

#include <brood/launcher.hpp>
#include "platform/process.hpp"
#include "start/exec.hpp"
#include "start/methods.hpp"

namespace brood {

Launcher::~Launcher() = default;

int spawn(const WorkerCommand& command) {
  start::require_starts_allowed();
  if (command.arguments.empty())
    throw UsageError("brood::spawn: the command has no arguments: the first is the program");
  return start::execute(command.arguments.front(), command).pid;
}

namespace start {
namespace {

/// The user's way to start a program, a child of this process.
class LauncherMethod final : public Method {
 public:
  explicit LauncherMethod(std::shared_ptr<Launcher> launcher)
      : launcher_(std::move(launcher)), name_(launcher_->name()) {}
  std::string name() const override { return name_; }
  PendingStart ask(const std::string& process_name, const WorkerDescriptors& descriptors) override {
    WorkerCommand command = worker_command(process_name, descriptors);
    // What executes it need not be this program: its /proc/self/exe is another.
    command.arguments.front() = executable_path();
    const pid_t pid = launch(std::move(command));
    if (!is_own_child(pid)) {
      throw StartError(
          name_, "launch",
          "launch() returned " + std::to_string(pid) + ", which is no child of this process");
    }
    try {
      platform::Descriptor pidfd = platform::open_pidfd(pid);
      children_.add(pid);
      return {0, StartedProcess{pid, std::move(pidfd)}};
    } catch (...) {
      discard_child(pid);
      throw;
    }
  }
  std::optional<platform::Ended> ended(pid_t pid) override { return children_.collect(pid); }

 private:
  pid_t launch(WorkerCommand command) {
    try {
      return launcher_->launch(std::move(command));
    } catch (const std::exception& failure) {
      throw StartError(name_, "launch", failure.what());
    } catch (...) {
      throw StartError(name_, "launch", "launch() threw something that is no std::exception");
    }
  }

  std::shared_ptr<Launcher> launcher_;
  std::string name_;
  OwnChildren children_;
};

}  // namespace

std::unique_ptr<Method> open_launcher(std::shared_ptr<Launcher> launcher) {
  require_initialized(launcher->name());
  return std::make_unique<LauncherMethod>(std::move(launcher));
}

}  // namespace start
}  // namespace brood
