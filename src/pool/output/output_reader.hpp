#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "platform/pipe.hpp"
#include "pool/output/console.hpp"
#include "pool/output/print_queue.hpp"
#include "pool/output/worker_output.hpp"

namespace brood::pool {

/// The thread that reads what elements write, and prints it: `brood-output`. It begins with the
/// first call that asks for that. Threads: any, but for the constructor and finish().
class OutputReader {
 public:
  /// `is_lost`: the program has closed the descriptors of the pool, whose numbers may be others'.
  explicit OutputReader(std::function<bool()> is_lost) : is_lost_(std::move(is_lost)) {}
  ~OutputReader() { finish(); }
  OutputReader(const OutputReader&) = delete;
  OutputReader& operator=(const OutputReader&) = delete;

  /// See WorkerOutput::expect. Throws SystemError, std::bad_alloc.
  void expect(const std::shared_ptr<WorkerOutput>& worker, std::uint64_t sequence,
              std::size_t limit);
  /// See WorkerOutput.
  detail::ElementOutput take(WorkerOutput& worker, std::uint64_t sequence) noexcept;
  detail::ElementOutput last(WorkerOutput& worker, std::uint64_t sequence) noexcept;
  /// The worker has ended.
  void end(const std::shared_ptr<WorkerOutput>& worker) noexcept;
  /// Prints what is left, for a second at most, and ends the thread. No worker is left.
  void finish() noexcept;

 private:
  using Workers = std::vector<std::shared_ptr<WorkerOutput>>;
  void run() noexcept;
  void serve_ready() BROOD_REQUIRES(mutex_);
  bool look();
  void wait();
  void print_the_rest();
  void watch() BROOD_REQUIRES(mutex_);
  void wake() noexcept;

  const std::function<bool()> is_lost_;
  std::thread thread_;
  platform::Pipe wake_;

  base::Mutex mutex_;
  Workers workers_ BROOD_GUARDED_BY(mutex_);
  PrintQueue queue_ BROOD_GUARDED_BY(mutex_);
  bool is_over_ BROOD_GUARDED_BY(mutex_) = false;

  // --- of the thread ---
  struct Watched {
    std::shared_ptr<WorkerOutput> worker;
    std::size_t end;  // behind its entries in `watched_`
  };
  Console console_;
  std::vector<pollfd> watched_;
  std::vector<Watched> watched_workers_;
};

}  // namespace brood::pool
