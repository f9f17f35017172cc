#include "pool/trace_output.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include <brood/errors.hpp>
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "platform/file_io.hpp"
#include "platform/identity.hpp"
#include "platform/process.hpp"
#include "pool/call_name.hpp"
#include "trace/chrome_json.hpp"
#include "trace/html.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace {

constexpr std::string_view json = ".json", html = ".html";

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

[[noreturn]] void throw_file_error(const char* call, const std::string& path) {
  throw SystemError(call, "the trace of a pool, " + path, errno);
}

// How many pools of this process have named this file, with the new one.
unsigned number_of_pool(const std::string& path) {
  static base::Mutex mutex;
  static std::map<std::string, unsigned>& numbers = *new std::map<std::string, unsigned>;
  const base::MutexLock lock(mutex);
  return ++numbers[path];
}

// "run.json", of the next pool "run-2.json"; in a process that was started or forked by the one
// that has the first "run-4711.json".
std::string own_path(const std::string& path) {
  const bool is_first = platform::identity().numbers.empty() && platform::fork_generation() == 0;
  std::string infix = is_first ? std::string() : '-' + std::to_string(::getpid());
  const unsigned number = number_of_pool(path + infix);
  if (number > 1) infix += '-' + std::to_string(number);
  std::string own = path;
  own.insert(path.size() - json.size(), infix);
  return own;
}

std::string temporary_path(const std::string& path) {
  return path + '.' + std::to_string(::getpid()) + ".part";
}

File open_new(const std::string& path) {
  File file(std::fopen(path.c_str(), "wxe"), &std::fclose);
  if (!file) throw_file_error("open", path);
  return file;
}

// What cannot be written at the end is said now.
void check_writable(const std::string& path) {
  std::error_code unreachable;  // then it cannot be opened, either
  if (std::filesystem::is_directory(path, unreachable)) {
    errno = EISDIR;
    throw_file_error("open", path);
  }
  const std::string temporary = temporary_path(path);
  ::unlink(temporary.c_str());  // of a process that had this number
  open_new(temporary);
  ::unlink(temporary.c_str());
}

void write_file(const std::string& path, const trace::Timeline& timeline) {
  const std::string temporary = temporary_path(path);
  ::unlink(temporary.c_str());  // of a process that had this number
  File file = open_new(temporary);
  std::uint64_t written = 0;
  try {
    const trace::TextSink sink = [&](std::string_view text) {
      written += text.size();
      if (!platform::file_may_have(written)) {  // the kernel would send SIGXFSZ
        errno = EFBIG;
        throw_file_error("write", temporary);
      }
      if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size())
        throw_file_error("write", temporary);
    };
    path.ends_with(json) ? trace::write_chrome_json(timeline, sink)
                         : trace::write_html(timeline, sink);
    if (std::fclose(file.release()) != 0) throw_file_error("close", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_file_error("rename", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

std::string program_name() {
  std::array<char, 4096> name{};
  const ssize_t size = ::readlink("/proc/self/exe", name.data(), name.size());
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : std::string();
}

// Now, less the time since the start.
std::int64_t started_at(std::int64_t length) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::nanoseconds(now).count() - length;
}

}  // namespace

std::optional<TraceOutput> TraceOutput::of(const PoolOptions& options) {
  std::string path = options.trace;
  if (path.empty()) {
    const char* const wanted = std::getenv("BROOD_TRACE");
    if (wanted == nullptr || *wanted == '\0') return std::nullopt;
    path = wanted;
  }
  if (!path.ends_with(json) && !path.ends_with(html))
    throw UsageError(
        "brood: a trace is written to a file whose name ends with .json or .html, not \"" + path +
        '"');
  path = own_path(path);
  check_writable(path);
  return TraceOutput(std::move(path));
}

void TraceOutput::write(trace::Timeline& timeline, const CallsOfRecord& calls) const noexcept {
  try {
    timeline.program = program_name();
    timeline.started = started_at(timeline.length);
    for (std::size_t i = 0; i < timeline.calls.size(); ++i) {
      const auto& definition = calls.sources()[i].definition;
      timeline.calls[i].name = definition.empty() ? "other calls" : name_of_call(definition);
    }
    write_file(path_, timeline);
  } catch (...) {
    wire::log_exception("a trace was not written: ");
  }
}

}  // namespace brood::pool
