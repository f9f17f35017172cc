#include "platform/file_text.hpp"

#include <fcntl.h>

#include "base/closed_files.hpp"
#include "platform/descriptor.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {

std::optional<std::string> file_text(const std::string& path) {
  if (base::files_are_closed) return std::nullopt;
  const Descriptor file(system_calls().open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  char part[1024];
  for (ssize_t count; (count = system_calls().read(file.get(), part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(count));
  return text;
}

}  // namespace brood::platform
