#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/codec/encode.hpp>
#include <brood/detail/large_memory.hpp>
#include <brood/detail/pool/result_shape.hpp>

// What runs in a worker: the typed loop over the elements of a chunk.
namespace brood::detail {

/// Takes what becomes of a Run's elements, where that is not worth inlining.
class BROOD_API OutcomeSink {
 public:
  virtual ~OutcomeSink();
  /// Tells the owner that the element that is claimed next starts now.
  virtual void stamp() = 0;
  /// A revocation is under way: whether it leaves the worker this element of its sequence. Does not
  /// return in a copy of the worker that a task has forked.
  virtual bool keeps(std::uint64_t position) = 0;
  /// Makes room for `count` bytes in an open frame of results of `stride`, and points the run's
  /// cursor at it.
  virtual void make_room(Run& run, std::size_t count, std::uint32_t stride) = 0;
  /// Sends a large record, which is given in two parts, in a frame of its own.
  virtual void put_large(Run& run, std::span<const std::byte> record,
                         std::span<const std::byte> rest) = 0;
  /// The exception in flight is the outcome of the current element.
  virtual void fail(Run& run) = 0;
  /// The task has ended its thread: so ends the worker.
  virtual void abandon() = 0;
  /// One result for `count` elements, the current one the last of them.
  virtual void put_folded(Run& run, std::size_t count, std::span<const std::byte> record) = 0;
  /// Sends the descriptors of shared objects in the result that follows.
  virtual void attach(Run& run, std::span<const DescriptorRef> descriptors) = 0;
  /// Of an element that is measured: its argument has been decoded; the task has returned.
  virtual void decoded() = 0;
  virtual void ran() = 0;
};

/// Consecutive elements of one job, as the runner sees them in the worker. The claim is what makes
/// an element this worker's: the owner may take back any element that is not claimed yet (see
/// src/protocol/README.md).
class Run {
 public:
  /// Of the word by which elements are taken back.
  static constexpr std::uint64_t not_revoked = std::uint64_t{1} << 61;

  /// Claims the next element; false at the end, also when the owner has taken the rest back. A copy
  /// of the worker ends here: its page is zeros.
  bool next() {
    if (left_ == 0) return false;
    if (timed_) sink_->stamp();  // first: a reader that sees the claim sees a clock as new
    // Not to be reordered; for the processor, too, where the owner does not see to that.
    if (barrier_) {
      claimed_->exchange(position_ + 1, std::memory_order_seq_cst);
    } else {
      claimed_->store(position_ + 1, std::memory_order_release);
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    if (revocation_->load(std::memory_order_seq_cst) != not_revoked && !sink_->keeps(position_)) {
      left_ = 0;
      return false;
    }
    ++position_;
    --left_;
    return true;
  }
  /// The argument of the claimed element.
  Reader argument() {
    if (raw_argument_) return rest();
    std::uint64_t length = stride_;
    if (stride_ == 0) arguments_.read(&length, sizeof length);
    // What is still on its way belongs to the last one.
    return length > arguments_.in_memory() && length == arguments_.left()
               ? rest()
               : Reader(arguments_.take(length));
  }
  /// Where the argument of the claimed element comes next, if all have this size; else null.
  Reader* values_of(std::size_t size) noexcept {
    return stride_ == size && !raw_argument_ ? &arguments_ : nullptr;
  }
  /// The argument of the claimed element has been decoded. Not called for numbers.
  void decoded() {
    if (measured_) [[unlikely]]
      sink_->decoded();
  }
  template <class R>
  void put(const R& result) {
    if constexpr (is_flat<R>) return put_flat(&result, sizeof result);
    if (measured_) [[unlikely]]
      sink_->ran();
    if constexpr (is_flat_sequence<R>) {
      const std::span<const typename R::value_type> memory(result.data(), result.size());
      const std::uint64_t count = memory.size();
      if (memory.size_bytes() > record_limit_) {
        return sink_->put_large(*this, std::as_bytes(std::span(&count, 1)), std::as_bytes(memory));
      }
    }
    scratch_.clear();
    encode_value(scratch_, result);
    attach();
    put_record(scratch_.view());
  }
  void put_void() {
    const char nothing = 0;  // a byte, so that it counts
    put_flat(&nothing, 1);
  }
  void fail() { sink_->fail(*this); }
  void abandon() { sink_->abandon(); }
  /// Position of the claimed element in the input of its call.
  std::size_t index() const noexcept {
    return separate_calls_ ? 0 : position_ - 1 + index_of_zero_;
  }
  /// Which attempt of its elements this is, from 1 on.
  int attempt() const noexcept { return static_cast<int>(attempt_); }
  template <class R>
  void put_folded(std::size_t count, const R& result) {
    scratch_.clear();
    encode_value(scratch_, result);
    attach();
    sink_->put_folded(*this, count, scratch_.view());
  }

  /// The function of the job, decoded at its first use in this worker.
  template <class F>
  F& function() {
    // A single has a copy of the caller's function object to itself, whatever the one before did to
    // its own.
    constexpr bool has_state =
        !is_function_pointer<F> && !std::is_member_pointer_v<F> && !is_stateless<F>;
    if (!*function_cache_ || (has_state && raw_argument_)) [[unlikely]]
      *function_cache_ = made<F>();
    return *static_cast<F*>(function_cache_->get());
  }

 private:
  friend class RunAccess;  // the worker
  // Out of the loop over the elements.
  template <class F>
  [[gnu::noinline]] std::shared_ptr<void> made() {
    auto function = std::make_shared<F>();
    Reader source(function_bytes_);
    try {
      InputArchive archive(source);
      load_callable(archive, *function);
    } catch (...) {
      throw_decode_failure(typeid(F));
    }
    return function;
  }
  void attach() {
    if (!scratch_.attached().empty()) sink_->attach(*this, scratch_.attached());
  }
  Reader rest() { return std::exchange(arguments_, Reader({})); }
  void put_flat(const void* data, std::size_t count) {
    if (static_cast<std::size_t>(limit_ - cursor_) < count)
      sink_->make_room(*this, count, static_cast<std::uint32_t>(count));
    std::memcpy(cursor_, data, count);
    publish(count);
  }
  void put_record(std::span<const std::byte> record) {
    const std::uint64_t length = record.size();
    if (length > record_limit_) {
      sink_->put_large(*this, record, {});
      if (scratch_.capacity() > large_memory) scratch_ = Bytes();
      return;
    }
    const std::size_t count = sizeof length + record.size();
    if (static_cast<std::size_t>(limit_ - cursor_) < count)
      sink_->make_room(*this, count, variable_stride);
    std::memcpy(cursor_, &length, sizeof length);
    if (!record.empty()) std::memcpy(cursor_ + sizeof length, record.data(), record.size());
    publish(count);
  }
  // From here on the result belongs to the owner, even if this process dies.
  void publish(std::size_t count) noexcept {
    cursor_ += count;
    ++in_frame_;
    head_->store(frame_position_ + static_cast<std::uint64_t>(cursor_ - frame_),
                 std::memory_order_release);
  }

  OutcomeSink* sink_ = nullptr;
  // Elements claimed by this worker so far.
  std::atomic<std::uint64_t>* claimed_ = nullptr;
  // What the owner takes back of them; not `not_revoked`: ask the sink.
  const std::atomic<std::uint64_t>* revocation_ = nullptr;
  // The end of the last complete record in the result stream.
  std::atomic<std::uint64_t>* head_ = nullptr;
  std::uint64_t position_ = 0;
  std::uint64_t index_of_zero_ = 0;  // modulo 2^64: index in the job minus position
  std::size_t left_ = 0;
  std::uint32_t attempt_ = 1;
  bool (*retry_if_)(std::exception_ptr) = nullptr;
  Reader arguments_{{}};
  std::size_t stride_ = 0;
  bool barrier_ = false;              // between a claim and the look at the revocation
  bool timed_ = false;                // the owner wants to know when elements start
  bool measured_ = false;             // and when they end
  bool raw_argument_ = false;         // all of the frame, without a length
  bool separate_calls_ = false;       // each element is a call of its own
  std::size_t record_limit_ = 0;      // bytes; a larger one is sent by itself
  std::byte* frame_ = nullptr;        // where the results of the open frame begin
  std::uint64_t frame_position_ = 0;  // the same in the result stream
  std::byte* cursor_ = nullptr;
  std::byte* limit_ = nullptr;
  std::size_t in_frame_ = 0;  // results in the open frame
  std::span<const std::byte> function_bytes_;
  std::shared_ptr<void>* function_cache_ = nullptr;
  Bytes scratch_;
};

}  // namespace brood::detail
