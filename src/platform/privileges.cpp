#include "platform/privileges.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include <brood/errors.hpp>
#include "platform/file_text.hpp"

namespace brood::platform {
namespace {

constexpr std::string_view kept_variables[] = {
    "LANG=", "LANGUAGE=", "LC_",      "TZ=",       "OMP_",          "GOMP_",
    "KMP_",  "MKL_",      "NUMEXPR_", "OPENBLAS_", "VECLIB_MAXIMUM"};

bool is_kept(std::string_view variable) {
  return std::any_of(std::begin(kept_variables), std::end(kept_variables),
                     [variable](std::string_view name) { return variable.starts_with(name); });
}

struct Block {
  char *begin, *end;
};

// Where the kernel has put the environment when the program started: proc(5), fields 50 and 51 of
// stat, counted behind the name, which may hold anything but ends with the last ')'.
std::optional<Block> first_environment() {
  const std::string text = file_text("/proc/self/stat").value_or("");
  const std::size_t behind_name = text.rfind(')');
  if (behind_name == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(behind_name + 1));
  std::string skipped;
  for (int field = 3; field < 50; ++field) fields >> skipped;
  std::uintptr_t begin = 0, end = 0;
  if (!(fields >> begin >> end) || begin == 0 || end < begin) return std::nullopt;
  return Block{reinterpret_cast<char*>(begin), reinterpret_cast<char*>(end)};
}

// Texts one behind the other, each with its zero; also those that have been unset since.
void wipe(const Block& block) {
  for (char* text = block.begin; text < block.end;) {
    const std::size_t size = ::strnlen(text, static_cast<std::size_t>(block.end - text));
    if (!is_kept({text, size})) ::explicit_bzero(text, size);
    text += size + 1;
  }
}

}  // namespace

void drop_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    throw SystemError("prctl", entering_sandbox, errno);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0)
    throw SystemError("capset", entering_sandbox, errno);
}

void drop_environment() noexcept {
  if (environ != nullptr) {
    char** end = environ;
    while (*end != nullptr) ++end;
    *std::remove_if(environ, end, [](const char* variable) { return !is_kept(variable); }) =
        nullptr;
  }
  if (const std::optional<Block> block = first_environment()) wipe(*block);
}

}  // namespace brood::platform
