// The one place that uses Boost.Process. In its version 2 a launcher makes a process, and
// basic_process is a handle on one. The launcher here derives from Boost's default_launcher.
//
// Boost keeps what a launcher is given: the argument vector, the environment, the pid.
// Brood does itself:
// - the start, by posix_spawn: nothing of ours runs between fork and exec, and the cost does not
//   grow with this process's memory. Boost's own launchers fork.
// - descriptors, signals and streams of the new process: SpawnPlan.
// - the handle, a bare pidfd, which a pool watches in its own loop. Boost's is registered with an
//   io_context: an epoll set, an event and a timer, made for a process only to let go of it again.

// std::filesystem, for Boost's own path class would have to be linked. With it, the headers of 1.81
// forget to include what stands in front of them.
#define BOOST_PROCESS_USE_STD_FS 1
#include <algorithm>
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>

#include <boost/process/v2/posix/default_launcher.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "platform/process.hpp"
#include "platform/system_calls.hpp"
#include "start/exec.hpp"
#include "start/spawn_plan.hpp"

namespace brood::start {
namespace {

class PosixSpawnLauncher : public boost::process::v2::posix::default_launcher {
 public:
  explicit PosixSpawnLauncher(const WorkerCommand& command) : plan_(command) {
    for (const std::string& entry : command.environment) environment_.push_back(entry.c_str());
    environment_.push_back(nullptr);
    env = environment_.data();
  }

  /// In place of the base's call operators, whose executor is for a handle of Boost's.
  StartedProcess operator()(const std::string& program, std::span<const std::string> arguments) {
    const std::filesystem::path shown = arguments.front();
    const char* const* const argv = build_argv_(shown, arguments.subspan(1));
    const int error = platform::system_calls().posix_spawn(
        &pid, program.c_str(), &plan_.actions(), &plan_.attributes(),
        const_cast<char* const*>(argv), const_cast<char* const*>(env));
    if (error != 0) throw SystemError("posix_spawn", "starting " + program, error);
    try {
      return {pid, platform::open_pidfd(pid)};
    } catch (...) {
      discard_child(pid);
      throw;
    }
  }

 private:
  SpawnPlan plan_;
  std::vector<const char*> environment_;
};

}  // namespace

StartedProcess execute(const std::string& program, const WorkerCommand& command) {
  return PosixSpawnLauncher(command)(program, command.arguments);
}

}  // namespace brood::start
