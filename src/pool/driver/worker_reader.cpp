#include "pool/driver/worker_reader.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "pool/failures/errors.hpp"
#include "pool/failures/start_errors.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace {

// Each costs a thread (platform/rights.hpp), under the lock.
constexpr std::size_t most_in_vain = 256;
// A descriptor, and a null where this process had no room for one.
constexpr std::size_t most_by_one_message = 2;

// Handles of one object have one descriptor.
void keep_one_of_each(std::vector<detail::DescriptorRef>& descriptors) {
  std::sort(descriptors.begin(), descriptors.end());
  descriptors.erase(std::unique(descriptors.begin(), descriptors.end()), descriptors.end());
}

}  // namespace

/// What one worker reports.
class WorkerReader::Events final : public protocol::ParentEvents {
 public:
  Events(WorkerReader& reader, WorkerLink& link)
      : reader_(reader), state_(reader.state_), link_(link) {}

  void on_greeting(const protocol::GreetingHeader& greeting) override BROOD_REQUIRES(core_lock) {
    check_greeting(greeting, state_.config.method);
    link_.greeted = true;
  }
  void on_ready() override BROOD_REQUIRES(core_lock) {
    state_.scheduler.worker_event(link_.id, WorkerEvent::ready, state_.now);
    state_.start_error = nullptr;
    if (recorder() != nullptr) recorder()->ready(link_.id, state_.now);
  }
  void on_start_failed(std::span<const std::byte> exception) override BROOD_REQUIRES(core_lock) {
    start_failed("initializer", wire::describe_encoded_exception(exception));
  }
  void on_sandbox_failed(std::string_view reason) override BROOD_REQUIRES(core_lock) {
    start_failed("sandbox", std::string(reason));
  }
  void on_results(const protocol::ResultsHeader& header,
                  std::span<const std::byte> results) override BROOD_REQUIRES(core_lock) {
    std::shared_ptr<detail::Attachments> attached;
    if (!link_.attached.empty())
      attached = std::make_shared<detail::Attachments>(std::exchange(link_.attached, {}));
    link_.attached_in_vain = 0;
    ArrivedResults arrived{.first = header.first,
                           .count = header.count,
                           .shape = {header.stride, header.folded != 0},
                           .bytes = results,
                           .attached = std::move(attached)};
    if (const CallJob* const job = state_.jobs.find(header.job)) job->check(arrived);
    CallJob* const job =
        report({header.job, header.first, header.count, header.elapsed, false}, header.sequence);
    if (job == nullptr) return;
    const std::vector<detail::ElementOutput> outputs = outputs_of(*job, header);
    arrived.outputs = outputs;
    const JobTable::Kept kept = state_.jobs.deliver(*job, arrived);
    link_.short_of_memory |= kept != JobTable::Kept::all;
    state_.keep(kept, header.job);
  }
  /// One that its caller has decoded.
  void on_taken(const protocol::ResultsHeader& header) BROOD_REQUIRES(core_lock) {
    link_.attached.clear();  // such a result has none
    link_.attached_in_vain = 0;
    CallJob* const job =
        report({header.job, header.first, 1, header.elapsed, false}, header.sequence);
    if (job == nullptr) return;
    const ArrivedResults taken{
        .first = header.first, .count = 1, .shape = {}, .bytes = {}, .attached = nullptr};
    state_.keep(state_.jobs.deliver(*job, taken), header.job);
  }
  void on_failed(const protocol::FailedHeader& header,
                 std::span<const std::byte> exception) override BROOD_REQUIRES(core_lock) {
    link_.attached.clear();
    link_.attached_in_vain = 0;
    CallJob* const job =
        report({header.job, header.index, 1, header.elapsed, true, header.retryable != 0},
               header.sequence, exception);
    if (job == nullptr) return;
    const detail::ElementOutput output =
        takes_output(*job) ? state_.processes.take_output(link_, header.sequence) : nullptr;
    state_.keep(state_.jobs.fail(*job, header.index, exception, link_.identity(), output),
                header.job);
  }
  void on_times(std::span<const protocol::ElementTimes> times) override BROOD_REQUIRES(core_lock) {
    if (recorder() == nullptr) makes_no_sense("times that were not asked for");
    if (times.back().sequence >= state_.scheduler.view().worker(link_.id).sent)
      makes_no_sense("times of what it was not sent");
    recorder()->timed(link_.id, times);
  }
  void on_skipped(std::uint64_t fence) override BROOD_REQUIRES(core_lock) {
    if (!state_.scheduler.revocation_done(link_.id, fence))
      makes_no_sense("an acknowledgement that nothing waits for");
    if (link_.watch.doubted())
      makes_no_sense("its owner could not tell which elements it has begun");
    link_.watch.acknowledged(link_.page());
    state_.counters.skipped(link_.id, fence);
    if (recorder() != nullptr) recorder()->skipped(link_.id, fence);
  }
  // One message in the descriptor channel for each of these: what waits behind belongs to later
  // results.
  void on_attached() override BROOD_REQUIRES(core_lock) {
    if (link_.attached.size() >= protocol::most_attached)
      makes_no_sense("too many descriptors of shared objects for one result");
    transfer::ReceivedDescriptors came = link_.receive_descriptors();
    if (came.descriptors.size() != 1 && !came.lost)
      makes_no_sense("not the one descriptor of a shared object that it tells of");
    if (state_.processes.table_is_full()) {
      came.lost = true;
      came.descriptors.clear();
    }
    if (came.lost && ++link_.attached_in_vain > most_in_vain)
      makes_no_sense("its results bring more descriptors than this process has room for");
    if (came.lost && (link_.attached.empty() || link_.attached.front() != nullptr))
      link_.attached.insert(link_.attached.begin(), nullptr);  // see find_descriptor
    std::move(came.descriptors.begin(), came.descriptors.end(), std::back_inserter(link_.attached));
    reader_.bound_attached();
  }
  void on_exhausted() override BROOD_REQUIRES(core_lock) {
    if (!state_.config.limits.resident) makes_no_sense("a worker without a limit is above it");
    state_.scheduler.worker_event(link_.id, WorkerEvent::exhausted, state_.now);
  }
  void on_log(const protocol::LogRecord& record) override BROOD_REQUIRES(core_lock) {
    link_.log_lines.add(record);
    if (recorder() != nullptr) recorder()->logged(link_.id, record.text, state_.now);
    state_.processes.log(link_, record);
  }

 private:
  [[noreturn]] static void makes_no_sense(const char* reason) {
    throw CodecError(CodecError::Direction::decode, "message of a worker", reason);
  }
  static bool takes_output(const CallJob& job) noexcept {
    return job.terms().output == Output::capture;
  }
  // Empty where none of them wrote anything, and where there is no memory to say so. No outcome
  // would tell of that of a fold.
  std::vector<detail::ElementOutput> outputs_of(const CallJob& job,
                                                const protocol::ResultsHeader& header) noexcept
      BROOD_REQUIRES(core_lock) try {
    std::vector<detail::ElementOutput> outputs;
    if (!takes_output(job)) return outputs;
    if (header.folded != 0) {
      state_.processes.take_output(link_, header.sequence + header.count - 1);  // it is dropped
      return outputs;
    }
    for (std::uint64_t i = 0; i < header.count; ++i) {
      detail::ElementOutput output = state_.processes.take_output(link_, header.sequence + i);
      if (output && outputs.empty()) outputs.resize(header.count);
      if (output) outputs[i] = std::move(output);
    }
    return outputs;
  } catch (const std::bad_alloc&) {
    return {};
  }
  void start_failed(const char* stage, const std::string& reason) BROOD_REQUIRES(core_lock) {
    state_.start_error = std::make_exception_ptr(StartError(state_.config.method, stage, reason));
    state_.scheduler.worker_event(link_.id, WorkerEvent::initializer_failed, state_.now);
  }
  // The job that wants these outcomes, if it does. What they lead to is carried out after they have
  // been delivered.
  CallJob* report(const Outcomes& outcomes, std::uint64_t sequence,
                  std::span<const std::byte> exception = {}) BROOD_REQUIRES(core_lock) {
    const Reception reception = state_.scheduler.outcomes(link_.id, outcomes, state_.now);
    if (reception != Reception::nonsense) record(outcomes, sequence, exception, reception);
    switch (reception) {
      case Reception::nonsense:
        makes_no_sense("a result that was not asked for");
      case Reception::unwanted:
        return nullptr;
      case Reception::again:
        state_.jobs.note_attempt(outcomes.job, outcomes.first, link_.name, exception);
        return nullptr;
      case Reception::wanted:
        break;
    }
    return state_.jobs.find(outcomes.job);
  }

  void record(const Outcomes& outcomes, std::uint64_t sequence,
              std::span<const std::byte> exception, Reception reception) BROOD_REQUIRES(core_lock) {
    state_.counters.worked(link_.id, sequence + outcomes.count, outcomes.count, outcomes.elapsed,
                           state_.now);
    if (recorder() == nullptr) return;
    if (!outcomes.failed)
      return recorder()->returned(link_.id, sequence, outcomes.count, state_.now);
    std::string text;
    if_possible([&] { text = wire::describe_encoded_exception(exception); });
    recorder()->threw(link_.id, sequence, text, reception == Reception::again, state_.now);
  }
  Recorder* recorder() const BROOD_REQUIRES(core_lock) { return state_.config.recorder; }

  WorkerReader& reader_;
  DriverState& state_;
  WorkerLink& link_;
};

// The worker, or what it has forked, may write on for ever.
void WorkerReader::read(WorkerLink& link, std::size_t most) {
  std::size_t left = std::min(link.results.unread(link.page()), most);
  while (left != 0) left -= read_some(link, left);
  if (std::exchange(link.short_of_memory, false)) link.stream.stream().shrink();
}

// Numbers are delivered from where they lie. What has to be looked at twice is copied first.
std::size_t WorkerReader::read_some(WorkerLink& link, std::size_t most) {
  Events events(*this, link);
  if (link.skipped != 0) return skip(link, most);
  if (link.stream.is_between_frames()) {
    const std::size_t parsed =
        link.stream.parse_in_place(link.results.peek(link.page(), most), events);
    link.results.drop(link.page(), parsed);
    state_.counters.received(link.id, parsed);
    if (parsed != 0) {
      link.give_room();
      return parsed;
    }
  }
  const std::span<std::byte> room = link.stream.stream().room();
  const std::size_t count = link.results.read(link.page(), room.first(std::min(room.size(), most)));
  link.stream.stream().filled(count);
  state_.counters.received(link.id, count);
  link.give_room();
  link.stream.parse(events);
  return count;
}

std::size_t WorkerReader::skip(WorkerLink& link, std::size_t most) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, link.skipped));
  link.results.drop(link.page(), count);
  link.skipped -= count;
  link.give_room();
  return count;
}

void WorkerReader::took(WorkerLink& link, const protocol::ParentSide::LargeResult& result) {
  link.stream.took(result);
  state_.counters.received(link.id, static_cast<std::size_t>(result.size) + result.headers);
  Events(*this, link).on_taken(result.header);
}

void WorkerReader::read_all(WorkerLink& link) {
  read(link, protocol::WorkerPage::buffer_size);
  if (link.skipped != 0 || !link.stream.is_between_frames()) return;
  std::vector<std::byte> storage;
  Events events(*this, link);
  if (const auto frame = link.results.open_frame(link.page(), storage))
    link.stream.open_frame(*frame, events);
}

// The results first: then nothing but what runs has begun and is not reported.
Running WorkerReader::look(WorkerLink& link) {
  read_all(link);
  const protocol::PageWatch::Look seen = link.watch.look(link.page(), known(link));
  return {link.id, seen.claimed, Time{Nanoseconds(seen.clock)},
          protocol::PageWatch::stoppable(link.page())};
}

protocol::PageWatch::Known WorkerReader::known(const WorkerLink& link) const {
  return {link.stream.resolved(), state_.scheduler.view().worker(link.id).sent};
}

// Descriptors that wait for their results have at most half of this process's table, and the worker
// that has sent most of them is stopped: else it could keep the program from opening anything.
void WorkerReader::bound_attached() {
  const std::size_t limit = state_.processes.descriptor_limit() / 2;
  attached_at_most_ += most_by_one_message;
  if (attached_at_most_ <= limit) return;
  const auto sum = [this]() BROOD_REQUIRES(core_lock) {
    std::size_t all = 0;
    for (const auto& link : state_.workers.all()) all += link ? link->attached.size() : 0;
    return all;
  };
  attached_at_most_ = sum();
  if (attached_at_most_ <= limit) return;
  WorkerLink* most = nullptr;
  for (const auto& link : state_.workers.all()) {
    if (!link) continue;
    keep_one_of_each(link->attached);
    if (most == nullptr || link->attached.size() > most->attached.size()) most = link.get();
  }
  if (most == nullptr || sum() <= limit) return;
  most->attached.clear();
  state_.scheduler.stop(most->id, StopReason::descriptors, state_.now);
}

void WorkerReader::read_the_rest(WorkerLink& link) {
  try {
    read_all(link);
  } catch (const std::exception&) {
    state_.workers.note_fault(link, state_.current_fault());
  }
}

// Nothing where the page cannot be believed: then what was next is what ran.
std::optional<std::uint64_t> WorkerReader::begun_by_the_dead(WorkerLink& link) {
  try {
    return link.watch.look(link.page(), known(link)).claimed;
  } catch (const CodecError& error) {
    state_.processes.log_error(link.name + " left a page that makes no sense: " + error.what());
    return std::nullopt;
  }
}

}  // namespace brood::pool
