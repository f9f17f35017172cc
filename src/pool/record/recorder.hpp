#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <brood/outcome.hpp>
#include <brood/statistics.hpp>
#include "pool/record/calls_of_record.hpp"
#include "pool/record/element_store.hpp"
#include "pool/record/flights.hpp"
#include "pool/scheduler/types.hpp"
#include "trace/timeline.hpp"

namespace brood::pool {

/// When the elements of a pool were queued, sent, run and arrived, where that is asked for: as
/// histograms, and as a timeline, whose memory is bounded. README.md has the rules. Pure: times are
/// arguments. No function throws: where memory is refused the record stops there, and says so.
/// Threads: under the core's lock.
class Recorder {
 public:
  /// What is kept beside the histograms.
  enum class Keep : std::uint8_t { nothing, timeline };
  struct Sizes {
    std::size_t elements = 500'000;  // that ended with a value; and as many failures
    std::size_t marks = 100'000;
    std::size_t workers = 50'000;  // processes
    std::size_t texts = 10'000;
  };
  Recorder(std::size_t slots, Keep keep, Time start) : Recorder(slots, keep, start, Sizes()) {}
  Recorder(std::size_t slots, Keep keep, Time start, const Sizes& sizes);

  // --- jobs ---
  void added(JobId job, std::size_t count, Time queued, CallsOfRecord::Kind kind,
             std::span<const std::byte> definition) noexcept;
  void extended(JobId job, std::size_t count, Time queued) noexcept;
  void finished(JobId job, Time now) noexcept;
  void over(JobId job) noexcept;
  void cancelled(Time now) noexcept;

  // --- elements ---
  void sent(const Assignment& assignment, Time now) noexcept;
  void timed(WorkerId worker, std::span<const protocol::ElementTimes> times) noexcept;
  void returned(WorkerId worker, std::uint64_t sequence, std::size_t count, Time now) noexcept;
  /// It has thrown, and `again`: gets another attempt.
  void threw(WorkerId worker, std::uint64_t sequence, std::string_view text, bool again,
             Time now) noexcept;
  /// It had begun, or should have, in a worker that has ended, and which gone() has told of.
  void lost(WorkerId worker, JobId job, std::size_t element, OutcomeKind kind,
            std::string_view text, bool again, Time now) noexcept;

  // --- workers ---
  void started(WorkerId worker, std::string_view name, int pid, Time asked, Time now) noexcept;
  void ready(WorkerId worker, Time now) noexcept;
  void revoked(WorkerId worker, Time now) noexcept;
  void skipped(WorkerId worker, std::uint64_t fence) noexcept;
  void logged(WorkerId worker, std::string_view text, Time now) noexcept;
  /// The process has ended, for this reason; empty: in order. What runs is the element in front of
  /// position `begun`, since `clock`.
  void gone(WorkerId worker, std::uint64_t begun, Time clock, std::string_view why,
            Time now) noexcept;
  /// All that its end leads to has been told.
  void buried(WorkerId worker, Time now) noexcept;

  // --- what has come of it ---
  const Histogram& waiting() const noexcept { return waiting_; }
  const Histogram& decoding() const noexcept { return decoding_; }
  const Histogram& running() const noexcept { return running_; }
  const Histogram& encoding() const noexcept { return encoding_; }
  /// The timeline up to now, but for the names of calls and of the program. Nothing is recorded any
  /// more. Throws std::bad_alloc.
  trace::Timeline take(Time now);
  const CallsOfRecord& calls() const noexcept { return calls_; }
  /// Why the record ends before its pool does; null: it does not.
  const char* stopped() const noexcept { return stopped_; }

 private:
  struct Slot {
    Flights flights;
    std::uint32_t worker = trace::none;  // of the timeline
    std::uint64_t running = 0;           // behind the position of what ran when it died; 0: nothing
    Time clock{};
  };
  template <class Note>
  void note(Note body) noexcept;
  void end_flights(Slot& slot);
  void tell(const Slot& slot, const Flights::Told& told);
  void tell_of_dying(Slot& slot, const Flight& flight, std::size_t element, OutcomeKind kind,
                     std::uint32_t text, Time now);
  static std::int64_t time_of(const trace::TimelineElement& element,
                              std::uint64_t stands_for) noexcept;
  void keep(const trace::TimelineElement& element);
  void count(const trace::TimelineElement& element, std::uint64_t times);
  trace::TimelineElement element_of(const Slot& slot, const Landing& landing) const;
  void mark(trace::MarkKind kind, std::uint32_t worker, Time time, std::string_view text);
  std::uint32_t text_number(std::string_view text);
  std::int64_t in_trace(Time time) const noexcept;
  std::int64_t in_trace(std::uint64_t clock) const noexcept;
  bool has_timeline() const noexcept { return keep_ == Keep::timeline; }

  const Keep keep_;
  const Sizes sizes_;
  const Time start_;
  const char* stopped_ = nullptr;
  Time stopped_at_{};
  std::vector<Slot> slots_;
  CallsOfRecord calls_;
  Histogram waiting_, decoding_, running_, encoding_;
  ElementStore elements_;
  std::uint64_t returned_ = 0;  // elements that have ended with a value
  std::map<std::string, std::uint32_t, std::less<>> texts_;
  trace::Timeline timeline_;  // workers, marks and texts
};

}  // namespace brood::pool
