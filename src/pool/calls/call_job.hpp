#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "pool/calls/callbacks.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

class Outbox;
class WorkerLink;

/// Results as they came: see detail::Piece.
struct Results {
  std::size_t first, count;
  std::uint32_t stride;
  bool folded;
  std::span<const std::byte> bytes;
  std::shared_ptr<detail::Attachments>
      attached;  // descriptors of shared objects in them; null: none
};

/// What a job of the scheduler's stands for: one call (CallState), or several that travel together
/// (CallBatch). Threads: under the core's lock.
class CallJob {
 public:
  virtual ~CallJob() = default;

  JobId id = 0;
  bool driven = false;  // by its caller, which cannot go on meanwhile

  virtual bool finished() const noexcept = 0;
  /// Whether its arguments lie in memory that is borrowed from its caller.
  virtual bool borrows() const noexcept = 0;
  /// What the caller knows an element as.
  virtual std::size_t index_in_call(std::size_t element) const noexcept = 0;
  /// What its caller wants where an element does not end well.
  virtual const detail::CallTerms& terms() const noexcept = 0;

  // --- to the worker ---
  /// Code reference of the runner, then the state of the function.
  virtual std::span<const std::byte> definition() const noexcept = 0;
  /// Whether every chunk brings the definition.
  virtual bool self_contained() const noexcept = 0;
  /// Whether the only argument takes the rest of the frame.
  virtual bool whole() const noexcept = 0;
  /// Bytes of each argument from `first` on; 0: each with its length in front.
  virtual std::size_t stride(std::size_t first) const noexcept = 0;
  /// Ends the frame that was begun at `frame` in `tail`, the last part of the outbox, with the
  /// arguments of elements [first, first + count).
  virtual void append_arguments(Outbox& outbox, detail::Bytes& tail, std::size_t frame,
                                std::size_t first, std::size_t count) const = 0;

  /// Descriptors of shared objects in the definition, and in the arguments from `first` on.
  virtual std::array<std::span<const detail::DescriptorRef>, 2> attached(
      std::size_t first) const noexcept = 0;
  /// What those of the arguments from `first` on belong to: the job, or a part of it that ends
  /// before, when all parts older than oldest_group() have ended.
  virtual std::uint64_t group(std::size_t) const noexcept { return id; }
  virtual std::uint64_t oldest_group() const noexcept { return 0; }

  // --- from the worker; what has been told is kept, or nothing has changed when it throws ---
  virtual std::size_t element_count() const noexcept = 0;
  /// What its results look like.
  virtual detail::ResultShape result_shape() const noexcept = 0;
  /// Throws CodecError unless these results are of its elements, have its shape, and are as many as
  /// they say. Before they count as told.
  void check(const Results& results) const;
  /// They have been checked.
  virtual void deliver(const Results& results, Callbacks& callbacks) = 0;
  virtual void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
                    Callbacks& callbacks) = 0;
  /// The caller of an element has cancelled it: that has its end by `reason`, where elements have
  /// ends of their own.
  virtual void cancelled(std::size_t, const std::exception_ptr&, Callbacks&) noexcept {}
  /// The last thing that happens to it. `error`: why all of it failed, null when its elements tell.
  virtual void finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept = 0;
  /// Whether it waits for input that does not come while the calling thread waits.
  virtual bool waits_for_caller() const noexcept { return false; }
  /// It gets no more input.
  virtual void cut_short() noexcept {}
  /// Its arguments are not needed any more.
  virtual void drop_arguments() noexcept = 0;

  /// What an attempt of an element ended in that gets another.
  void note_attempt(std::size_t element, std::string outcome) {
    earlier_[element].push_back(std::move(outcome));
  }
  /// What is known of the element's attempts at its end.
  Attempts take_attempts(std::size_t element);

 private:
  std::map<std::size_t, std::vector<std::string>> earlier_;
};

/// What the scheduler has to know of them.
JobTraits traits_of(const detail::CallTerms& terms);

/// Appends the frame that sends an assignment to the link's outbox.
void append_run(WorkerLink& link, const CallJob& job, const Assignment& assignment);

}  // namespace brood::pool
