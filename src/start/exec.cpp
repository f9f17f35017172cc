#include "start/exec.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "start/entry.hpp"

namespace brood::start {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{5};  // for the end of what has been sent SIGKILL

// Thread pools of numerical libraries: one per worker, each as wide as the machine, is the
// commonest slowness of pools.
constexpr std::string_view thread_counts[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                              "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
                                              "VECLIB_MAXIMUM_THREADS"};

bool sets(const std::string& entry, std::string_view name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

std::vector<std::string> worker_environment() {
  std::vector<std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    environment.emplace_back(*entry);
  for (const std::string_view name : thread_counts) {
    const auto is_set = [name](const std::string& entry) { return sets(entry, name); };
    if (std::none_of(environment.begin(), environment.end(), is_set))
      environment.push_back(std::string(name) + "=1");
  }
  return environment;
}

std::string shown_program() {
  // What main was given, kept by the C library: program_invocation_name(3).
  return program_invocation_name != nullptr && *program_invocation_name != '\0'
             ? program_invocation_name
             : own_executable;
}

bool same_file(const std::string& one, const char* other) {
  struct stat a {
  }, b{};
  return ::stat(one.c_str(), &a) == 0 && ::stat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

// Not reaped yet: the pid is still this child's. False for one that may not be killed, or is none.
bool kill_child(pid_t pid) noexcept { return is_own_child(pid) && ::kill(pid, SIGKILL) == 0; }

// One that sleeps in the kernel where no signal wakes it stays, in the end as a zombie.
void reap_child(pid_t pid, Clock::time_point deadline) noexcept {
  try {
    const platform::Descriptor pidfd = platform::open_pidfd(pid);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    platform::wait_for_exit(pidfd, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    platform::reap(pid);
  } catch (const std::exception&) {  // for want of a descriptor, or of memory
    while (!platform::reap(pid) && Clock::now() < deadline) ::poll(nullptr, 0, 1);
  }
}

}  // namespace

void require_initialized(const std::string& method) {
  if (initialized()) return;
  throw UsageError(
      "call brood::init(argc, argv) as the first line of main (or link brood::main); start method "
      "'" +
      method +
      "' starts this program again. In a plug-in, whose host has no such line, use start method "
      "'fork'");
}

std::string executable_path() {
  char target[4096];
  const ssize_t length = ::readlink(own_executable, target, sizeof target);
  if (length > 0 && length < static_cast<ssize_t>(sizeof target)) {
    std::string path(target, static_cast<std::size_t>(length));
    if (same_file(path, own_executable)) return path;
  }
  return "/proc/" + std::to_string(::getpid()) + "/exe";
}

WorkerCommand worker_command(const std::string& process_name,
                             const WorkerDescriptors& descriptors) {
  const char* const role = descriptors.role == Role::worker ? worker_role : process_role;
  WorkerCommand command{
      {shown_program(), exec_marker, role, process_name}, worker_environment(), {}};
  const WorkerDescriptors& target = worker_descriptors();
  const std::pair<int, int> all[] = {{descriptors.report, target.report},
                                     {descriptors.input, target.input},
                                     {descriptors.owner, target.owner},
                                     {descriptors.descriptor_channel, target.descriptor_channel}};
  for (const auto& pair : all) {
    if (pair.first >= 0) command.descriptors.push_back(pair);
  }
  return command;
}

WorkerDescriptors take_exec_descriptors(Role role) noexcept {
  const auto take = [](int number) {
    if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) return -1;
    platform::own_descriptors.insert(number);
    return number;
  };
  // As its owner saw its limit, which may have another by now.
  const bool high = ::fcntl(exec_descriptors.report, F_GETFD) >= 0;
  const WorkerDescriptors& given = high ? exec_descriptors : low_exec_descriptors;
  return {given.each(take), role};
}

WorkerCommand forkserver_command(int control_socket, int owner_pidfd) {
  return {{shown_program(), exec_marker, forkserver_role},
          worker_environment(),
          {{control_socket, forkserver_socket}, {owner_pidfd, forkserver_owner}}};
}

OwnChildren::~OwnChildren() {
  if (generation_ != platform::fork_generation()) return;  // a forked copy: they are the owner's
  reap_the_rest();
  std::erase_if(pids_, [](const auto& entry) { return !kill_child(entry.first); });
  const Clock::time_point deadline = Clock::now() + patience;
  for (const auto& [pid, peak] : pids_) reap_child(pid, deadline);
}

void OwnChildren::reap_the_rest() noexcept {
  std::erase_if(unreaped_, [](pid_t pid) { return platform::reap(pid).has_value(); });
}

void OwnChildren::add(pid_t pid, HowMade how) try {
  reap_the_rest();
  pids_.emplace(pid, how == HowMade::executed ? platform::own_peak_resident() : 0);
} catch (...) {
  discard_child(pid);
  throw;
}

void OwnChildren::discard(pid_t pid) noexcept {
  pids_.erase(pid);
  discard_child(pid);
}

platform::Ended OwnChildren::collect(pid_t pid) {
  const auto entry = pids_.find(pid);
  const std::uint64_t our_peak = entry != pids_.end() ? entry->second : 0;
  if (entry != pids_.end()) pids_.erase(entry);
  std::optional<platform::Ended> ended = platform::reap(pid);
  if (!ended) {
    // The caller saw its pidfd become readable; that it still runs is a misuse, which must not
    // hang.
    platform::wait_for_exit(platform::open_pidfd(pid), 1000);
    ended = platform::reap(pid);
    if (!ended) unreaped_.push_back(pid);
    ended = ended.value_or(platform::Ended{});
  }
  if (ended->peak_resident <= our_peak) ended->peak_resident = 0;
  return *ended;
}

bool is_own_child(pid_t pid) noexcept {
  siginfo_t info{};
  return pid > 0 &&
         ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void discard_child(pid_t pid) noexcept {
  if (kill_child(pid)) reap_child(pid, Clock::now() + patience);
}

}  // namespace brood::start
