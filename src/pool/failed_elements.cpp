#include "pool/failed_elements.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <utility>

#include <brood/errors.hpp>
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/program_path.hpp"
#include "platform/descriptor.hpp"
#include "platform/file_io.hpp"
#include "platform/pipe.hpp"
#include "pool/calls/call_job.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace fs = std::filesystem;

namespace {

std::atomic<unsigned> pools_that_save{0};

// "solve-4711-1796140800000-pool1-": names of one directory differ between programs, processes and
// pools. In a container the same number comes again and again: so the time stands behind it.
std::string prefix_of_files() {
  const std::string program = fs::path(base::program_path()).filename().string();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return program + '-' + std::to_string(::getpid()) + '-' + std::to_string(milliseconds) + "-pool" +
         std::to_string(++pools_that_save) + '-';
}

// By its full name, so that it is the same when the program has changed its directory.
std::string made_directory(const std::string& name) {
  std::error_code error;
  const fs::path path = fs::absolute(name, error);
  if (!error) fs::create_directories(path, error);
  if (!error && ::access(path.c_str(), W_OK | X_OK) != 0) error = {errno, std::generic_category()};
  if (error)
    throw UsageError("brood: save_failed: no files can be made in the directory \"" + name +
                     "\": " + error.message());
  return path.string();
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  if (!platform::file_may_have(bytes.size()))  // the kernel would send SIGXFSZ
    throw SystemError("write", "saving a failed element", EFBIG);
  const std::string unfinished = path + ".tmp";
  try {
    // Arguments are the user's alone, and nothing that others have put there is written through.
    platform::Descriptor file(
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) throw SystemError("open", "saving a failed element, " + unfinished, errno);
    platform::write_all(file.get(), bytes);
    file.reset();
    fs::rename(unfinished, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(unfinished, ignored);
    throw;
  }
}

std::vector<std::byte> copied(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

struct FailedElements::Shared {
  std::atomic<bool> has_warned{false};

  // Once: each later one most likely fails for the same reason.
  void warn(const std::string& what) noexcept {
    if (has_warned.exchange(true)) return;
    try {
      base::log_warning("failed elements are not saved any more, or not all of them: " + what);
    } catch (...) {  // the log's own failure
    }
  }
};

/// One of them.
class FailedElements::File final : public detail::SavedFailure {
 public:
  File(std::shared_ptr<Shared> shared, std::string path, wire::SavedElement element,
       std::shared_ptr<const detail::Bytes> encoded, std::exception_ptr local)
      : shared_(std::move(shared)),
        path_(std::move(path)),
        element_(std::move(element)),
        encoded_(std::move(encoded)),
        local_(std::move(local)) {}

  std::string path() noexcept override try {
    const base::MutexLock lock(mutex_);
    if (!std::exchange(tried_, true)) write();
    return written_ ? path_ : std::string();
  } catch (...) {
    return {};
  }

 private:
  void write() noexcept BROOD_REQUIRES(mutex_) {
    try {
      element_.outcome = encoded_ ? wire::describe_encoded_exception(encoded_->view())
                                  : wire::describe_exception(local_);
      write_file(path_, wire::encode_saved(element_).view());
      written_ = true;
    } catch (const std::exception& error) {
      shared_->warn(error.what());
    }
    element_ = {};
    encoded_.reset();
    local_ = nullptr;
  }

  const std::shared_ptr<Shared> shared_;
  const std::string path_;
  base::Mutex mutex_;
  wire::SavedElement element_ BROOD_GUARDED_BY(mutex_);
  std::shared_ptr<const detail::Bytes> encoded_ BROOD_GUARDED_BY(mutex_);
  std::exception_ptr local_ BROOD_GUARDED_BY(mutex_);
  bool tried_ BROOD_GUARDED_BY(mutex_) = false, written_ BROOD_GUARDED_BY(mutex_) = false;
};

std::string directory_for_failed(const PoolOptions& options) {
  if (!options.save_failed.empty()) return options.save_failed;
  const char* const name = std::getenv("BROOD_SAVE_FAILED");
  return name != nullptr ? name : "";
}

FailedElements::FailedElements(const std::string& directory, const PoolOptions& options,
                               Callbacks& callbacks)
    : directory_(made_directory(directory)),
      prefix_(prefix_of_files()),
      shared_(std::make_shared<Shared>()),
      initializer_(options.initializer),
      state_(options.state),
      callbacks_(callbacks) {}

// Whatever is refused here: the element's outcome is what it is, and is not kept.
std::shared_ptr<detail::SavedFailure> FailedElements::keep(
    const CallJob& job, std::size_t element, const detail::Failure& failure) noexcept {
  try {
    const base::MutexLock lock(mutex_);
    if (!has_room(job, element)) return nullptr;
    wire::SavedElement content = element_of(job, element, failure);
    std::string path = directory_ + '/' + name_of(job, element, content.attempt);
    const auto file = std::make_shared<File>(shared_, std::move(path), std::move(content),
                                             failure.encoded, failure.local);
    callbacks_.post(std::function<void()>([file] { file->path(); }));
    ++files_;
    return file;
  } catch (const std::exception& refused) {
    warn(refused.what());
    return nullptr;
  }
}

// The program's log is not to run under the core's lock.
void FailedElements::warn(const std::string& what) noexcept {
  try {
    callbacks_.post(std::function<void()>([shared = shared_, what] { shared->warn(what); }));
  } catch (const std::exception&) {  // no memory to say so
  }
}

bool FailedElements::has_room(const CallJob& job, std::size_t element) {
  const std::uint64_t size =
      job.arguments().definition()->bytes.size() + job.arguments().size_of(element) +
      detail::CallAccess::encoded(initializer_).size() + detail::CallAccess::encoded(state_).size();
  if (files_ == most_files || size > most_bytes - bytes_) {
    warn("a pool saves " + std::to_string(most_files) + " and 1 GiB at most");
    return false;
  }
  bytes_ += size;
  return true;
}

wire::SavedElement FailedElements::element_of(const CallJob& job, std::size_t element,
                                              const detail::Failure& failure) const {
  const Arguments& arguments = job.arguments();
  const Arguments::Part part = arguments.part(element);
  wire::SavedElement content;
  content.build = wire::program_build_id();
  content.program = base::program_path();
  content.worker = failure.worker.name;
  content.index = job.index_in_call(element);
  content.attempt = static_cast<std::uint32_t>(failure.attempts.count);
  content.stride = part.stride;
  content.raw_argument = arguments.fills_frame();
  content.separate_call = job.has_separate_calls();
  content.shared_objects = !part.attached.empty() ||
                           !arguments.definition()->bytes.attached().empty() ||
                           !detail::CallAccess::attached(initializer_).empty() ||
                           !detail::CallAccess::attached(state_).empty();
  content.initializer = copied(detail::CallAccess::encoded(initializer_));
  content.state = copied(detail::CallAccess::encoded(state_));
  content.definition = copied(arguments.definition()->bytes.view());
  content.argument = copied(arguments.element(element).view());
  return content;
}

// "solve-4711-pool1-call2-element17-attempt1". Calls that travel together are one job, and the
// element is the call's place in it.
std::string FailedElements::name_of(const CallJob& job, std::size_t element,
                                    std::uint32_t attempt) {
  const std::size_t call = calls_.emplace(std::pair(&job, job.id), calls_.size() + 1).first->second;
  return prefix_ + "call" + std::to_string(call) + "-element" + std::to_string(element) +
         "-attempt" + std::to_string(attempt);
}

}  // namespace brood::pool
