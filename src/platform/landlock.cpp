#include "platform/landlock.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>

#include <brood/errors.hpp>
#include "platform/descriptor.hpp"
#include "platform/privileges.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

// Of the kernel's interface, version 6; <linux/landlock.h> may be older, or not there.
enum : std::uint64_t {
  execute = 1U << 0,
  write_file = 1U << 1,
  read_file = 1U << 2,
  read_directory = 1U << 3,
  remove_directory = 1U << 4,
  remove_file = 1U << 5,
  make_directory = 1U << 7,
  make_file = 1U << 8,
  make_symbolic_link = 1U << 12,
  refer = 1U << 13,     // version 2
  truncate = 1U << 14,  // version 3
};
constexpr std::uint64_t rights_of_files = execute | write_file | read_file | truncate;
constexpr std::uint64_t reading = read_file | read_directory;
constexpr std::uint64_t writing = reading | write_file | truncate | remove_directory | remove_file |
                                  make_directory | make_file | make_symbolic_link | refer;

struct Ruleset {
  std::uint64_t files, network, scopes;
};
struct [[gnu::packed]] PathRule {
  std::uint64_t rights;
  std::int32_t parent;
};
constexpr int rule_of_path = 1;
constexpr unsigned ask_version = 1;

// Each version of the interface knows some rights more: landlock(7), "ABI versions".
Ruleset known_to(int version) {
  Ruleset known{(1U << 13) - 1, 0, 0};
  if (version >= 2) known.files |= refer;
  if (version >= 3) known.files |= truncate;
  if (version >= 4) known.network = 3;                      // bind and connect, TCP
  if (version >= 5) known.files |= std::uint64_t{1} << 15;  // ioctl of devices
  if (version >= 6) known.scopes = 3;                       // abstract sockets, signals
  return known;
}

Descriptor open_path(const std::string& path) {
  const int number = system_calls().open(path.c_str(), O_PATH | O_CLOEXEC);
  if (number < 0) throw SystemError("open", "allowing \"" + path + "\" to a sandbox", errno);
  return adopt_above_stdio(number);
}

void add(const Descriptor& rules, const PathGrant& grant, std::uint64_t known) {
  const Descriptor parent = open_path(grant.path);
  struct stat status {};
  if (::fstat(parent.get(), &status) != 0) throw SystemError("fstat", entering_sandbox, errno);
  std::uint64_t rights = known & (grant.writable ? writing : reading);
  if (!S_ISDIR(status.st_mode)) rights &= rights_of_files;
  const PathRule rule{rights, parent.get()};
  if (system_calls().landlock_add_rule(rules.get(), rule_of_path, &rule, 0) != 0)
    throw SystemError("landlock_add_rule", entering_sandbox, errno);
}

}  // namespace

Landlocked keep_to(std::span<const PathGrant> grants) {
  SystemCalls& calls = system_calls();
  const int version = calls.landlock_create_ruleset(nullptr, 0, ask_version);
  if (version < 1) return Landlocked::no;  // ENOSYS: not compiled in; EOPNOTSUPP: switched off
  const Ruleset known = known_to(version);
  const int number = calls.landlock_create_ruleset(&known, sizeof known, 0);
  if (number < 0) throw SystemError("landlock_create_ruleset", entering_sandbox, errno);
  const Descriptor rules = adopt_above_stdio(number);
  for (const PathGrant& grant : grants) add(rules, grant, known.files);
  if (calls.landlock_restrict_self(rules.get(), 0) != 0)
    throw SystemError("landlock_restrict_self", entering_sandbox, errno);
  return Landlocked::yes;
}

}  // namespace brood::platform
