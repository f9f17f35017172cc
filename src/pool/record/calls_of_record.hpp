#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "pool/record/flights.hpp"
#include "pool/scheduler/types.hpp"
#include "trace/timeline.hpp"

namespace brood::pool {

/// The calls of a timeline, and since when the elements of open jobs wait. Calls of one element
/// each share an entry where they are of the same function; so do all calls of a function beyond a
/// number of entries. Pure.
class CallsOfRecord {
 public:
  enum class Kind : std::uint8_t { of_one_element, of_many };
  /// What is known of a function: the beginning of its definition, and how it is called.
  struct Source {
    Kind kind;
    std::vector<std::byte> definition;
    bool operator<(const Source& other) const {
      return std::pair(kind, definition) < std::pair(other.kind, other.definition);
    }
  };

  void add(JobId job, std::size_t count, Time queued, std::int64_t submitted, Kind kind,
           std::span<const std::byte> definition);
  void extend(JobId job, std::size_t count, Time queued);
  void finish(JobId job, std::int64_t ended);
  void close(JobId job) noexcept;

  /// The elements that are sent, as a flight; nothing of a job that is not open.
  std::optional<Flight> flight(const Assignment& assignment, Time now);
  /// An element of an open job waits again.
  void queue_again(JobId job, std::size_t element, Time now);

  const std::vector<trace::TimelineCall>& calls() const noexcept { return calls_; }
  /// Of each of them.
  const std::vector<Source>& sources() const noexcept { return sources_; }

 private:
  struct OpenJob {
    JobId id = 0;
    bool open = false;
    std::uint32_t call = 0;
    std::size_t offset = 0;  // elements of the call before those of the job
    std::size_t count = 0;
    // From which element on they wait since when; of streams the last ones.
    std::deque<std::pair<std::size_t, Time>> queued;
    std::map<std::size_t, Time> again;
  };
  OpenJob* find(JobId job) noexcept;
  std::uint32_t call_for(Kind kind, std::span<const std::byte> definition, std::int64_t submitted);

  std::vector<OpenJob> jobs_;  // by slot_of(id)
  std::vector<trace::TimelineCall> calls_;
  std::vector<Source> sources_;
  std::map<Source, std::uint32_t> shared_;
};

}  // namespace brood::pool
