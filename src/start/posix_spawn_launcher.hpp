#pragma once

// Boost.Process with std::filesystem: its own path class would have to be linked. With it, the
// headers of 1.81 forget to include the first three.
#define BOOST_PROCESS_USE_STD_FS 1
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/process.hpp>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "platform/process.hpp"
#include "platform/system_calls.hpp"
#include "start/exec.hpp"
#include "start/spawn_plan.hpp"

namespace brood::start {

/// A launcher for Boost.Process v2 that starts processes by posix_spawn: nothing of ours runs
/// between fork and exec, and the cost does not grow with this process's memory. The process that
/// it returns has its handle on the pidfd.
class PosixSpawnLauncher {
 public:
  PosixSpawnLauncher(const SpawnPlan& plan, std::string shown_name,
                     const std::vector<std::string>& environment)
      : plan_(plan), shown_name_(std::move(shown_name)), environment_(environment) {}

  /// The call operator of boost::process::v2::posix::default_launcher. Initializers may have
  /// on_setup, as there.
  template <class Executor, class Args, class... Inits>
  auto operator()(Executor executor, boost::system::error_code& error,
                  const std::filesystem::path& executable, const Args& args, Inits&&... inits)
      -> boost::process::v2::basic_process<Executor> {
    using Process = boost::process::v2::basic_process<Executor>;
    std::vector<const char*> argv{shown_name_.c_str()};
    for (const auto& argument : args) argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    const char* const* command_line = argv.data();
    error = boost::process::v2::posix::detail::on_setup(*this, executable, command_line, inits...);
    if (!error) error = spawn(executable, command_line);
    if (error) return Process(executor);
    try {
      pidfd_ = platform::open_pidfd(pid_);
      // The handle closes the number that it is given, and has no way to give it back: it gets a
      // copy.
      platform::Descriptor handle = pidfd_.duplicate();
      Process process(executor, pid_, handle.get());
      static_cast<void>(handle.release());
      return process;
    } catch (...) {
      discard_child(pid_);
      throw;
    }
  }

  template <class Executor, class Args, class... Inits>
  auto operator()(Executor executor, const std::filesystem::path& executable, const Args& args,
                  Inits&&... inits) -> boost::process::v2::basic_process<Executor> {
    boost::system::error_code error;
    auto process =
        (*this)(std::move(executor), error, executable, args, std::forward<Inits>(inits)...);
    if (error) throw boost::system::system_error(error, "posix_spawn");
    return process;
  }

  platform::Descriptor take_pidfd() noexcept { return std::move(pidfd_); }

 private:
  boost::system::error_code spawn(const std::filesystem::path& executable,
                                  const char* const* argv) {
    std::vector<char*> environment;
    for (const std::string& entry : environment_)
      environment.push_back(const_cast<char*>(entry.c_str()));
    environment.push_back(nullptr);
    const int error = platform::system_calls().posix_spawn(
        &pid_, executable.c_str(), &plan_.actions(), &plan_.attributes(),
        const_cast<char* const*>(argv), environment.data());
    return {error, boost::system::system_category()};
  }

  const SpawnPlan& plan_;
  std::string shown_name_;
  const std::vector<std::string>& environment_;
  pid_t pid_ = -1;
  platform::Descriptor pidfd_;
};

}  // namespace brood::start
