#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/foreign_close.hpp"
#include "platform/rights.hpp"
#include "platform/shared_descriptor.hpp"
#include "pool/core.hpp"
#include "pool/dispatcher.hpp"
#include "wire/exception.hpp"

// From a worker's stream to the scheduler and the jobs, and back.
namespace brood::pool {

namespace {

// Each costs a thread (platform/rights.hpp), under the lock.
constexpr std::size_t most_in_vain = 256;

// Results that the program keeps keep their descriptors: they leave it a quarter of its table.
bool table_is_full() noexcept {
  return detail::shared_descriptors() + platform::kept_open() >
         platform::descriptor_limit() / 4 * 3;
}

}  // namespace

/// What one worker says. Under the core's lock.
class Core::StreamEvents final : public protocol::ParentEvents {
 public:
  StreamEvents(Core& core, WorkerLink& link)
      : core_(core), link_(link), now_(std::chrono::steady_clock::now()) {}

  void on_greeting(const protocol::GreetingHeader& greeting) override {
    core_.supervisor_.check_greeting(greeting);
    link_.greeted = true;
  }
  void on_ready() override {
    core_.scheduler_.worker_ready(link_.id, now_);
    core_.start_error_ = nullptr;
  }
  void on_start_failed(std::span<const std::byte> exception) override {
    core_.note_start_error(
        std::make_exception_ptr(StartError(core_.supervisor_.method_name(), "initializer",
                                           wire::describe_encoded_exception(exception))));
    core_.scheduler_.start_failed(link_.id, now_, StartFailure::initializer);
  }
  void on_sandbox_failed(std::string_view reason) override {
    core_.note_start_error(std::make_exception_ptr(
        StartError(core_.supervisor_.method_name(), "sandbox", std::string(reason))));
    core_.scheduler_.start_failed(link_.id, now_, StartFailure::initializer);
  }
  void on_results(const protocol::ResultsHeader& header,
                  std::span<const std::byte> results) override {
    std::shared_ptr<detail::Carried> carried;
    if (!link_.carried.empty())
      carried = std::make_shared<detail::Carried>(std::exchange(link_.carried, {}));
    link_.carried_in_vain = 0;
    const Results whole{header.first,       header.count, header.stride,
                        header.folded != 0, results,      std::move(carried)};
    if (const Work* const work = core_.find_work(header.job)) work->check(whole);
    if (Work* const work = told({header.job, header.first, header.count, header.elapsed, false}))
      deliver(*work, whole);
  }
  void on_failed(const protocol::FailedHeader& header,
                 std::span<const std::byte> exception) override {
    link_.carried.clear();
    link_.carried_in_vain = 0;
    Work* const work =
        told({header.job, header.index, 1, header.elapsed, true, header.retryable != 0}, exception);
    if (work == nullptr) return;
    try {
      auto failure = std::make_unique<detail::Failure>();
      failure->encoded = std::make_shared<const detail::Bytes>(exception);
      failure->worker = link_.identity();
      failure->attempts = work->take_attempts(header.index);
      work->fail(header.index, std::move(failure), core_.callbacks_);
    } catch (...) {
      core_.refuse(*work, header.index, 1, std::current_exception());
    }
  }
  void on_skipped(std::uint64_t fence) override {
    if (!core_.scheduler_.revocation_done(link_.id, fence))
      broken("an acknowledgement that nothing waits for");
    link_.watch.acknowledged();
  }
  // One message at the escort for each of these: what waits behind belongs to later results.
  void on_carried() override {
    if (link_.carried.size() >= protocol::most_carried)
      broken("too many descriptors of shared objects for one result");
    platform::Escorted came = platform::receive_descriptors(link_.escort.number());
    if (came.descriptors.size() != 1 && !came.lost)
      broken("not the one descriptor of a shared object that it tells of");
    if (table_is_full()) {
      came.lost = true;
      came.descriptors.clear();
    }
    if (came.lost && ++link_.carried_in_vain > most_in_vain)
      broken("its results bring more descriptors than this process has room for");
    if (came.lost && (link_.carried.empty() || link_.carried.front() != nullptr))
      link_.carried.insert(link_.carried.begin(), nullptr);  // see find_descriptor
    std::move(came.descriptors.begin(), came.descriptors.end(), std::back_inserter(link_.carried));
    core_.bound_carried();
  }
  void on_exhausted() override {
    if (!core_.supervisor_.limits().resident) broken("a worker without a limit is above it");
    core_.scheduler_.retire(link_.id);
  }
  void on_log(const protocol::LogRecord& record) override {
    link_.log_lines.add(record);
    core_.callbacks_.log(link_.logs, record);
  }

 private:
  [[noreturn]] static void broken(const char* reason) {
    throw CodecError(CodecError::Direction::decode, "message of a worker", reason);
  }
  // They count as told: what cannot be kept of them is refused.
  void deliver(Work& work, const Results& results) {
    try {
      work.deliver(results, core_.callbacks_);
    } catch (...) {
      link_.short_of_memory = true;
      core_.refuse(work, results.first, results.count, std::current_exception());
    }
  }
  // The job that wants these outcomes, if it does. What they lead to is carried out after they have
  // been delivered.
  Work* told(const Outcomes& outcomes, std::span<const std::byte> exception = {}) {
    switch (core_.scheduler_.outcomes(link_.id, outcomes, now_)) {
      case Reception::nonsense:
        broken("a result that nobody has asked for");
      case Reception::unwanted:
        return nullptr;
      case Reception::again:
        if (Work* const work = core_.find_work(outcomes.job))
          note_attempt(*work, outcomes.first, exception);
        return nullptr;
      case Reception::wanted:
        break;
    }
    return core_.find_work(outcomes.job);
  }

  void note_attempt(Work& work, std::size_t element, std::span<const std::byte> exception) {
    try {
      work.note_attempt(element, link_.name + ": " + wire::describe_encoded_exception(exception));
    } catch (const std::bad_alloc&) {
      // The last attempt tells of one less.
    }
  }

  Core& core_;
  WorkerLink& link_;
  const Time now_;
};

void Core::parse(WorkerLink& link) {
  StreamEvents events(*this, link);
  link.stream.parse(events);
  if (std::exchange(link.short_of_memory, false)) link.stream.stream().shrink();
}

// From a copy: what the worker has forked may still write to its page.
void Core::parse_rest(WorkerLink& link) {
  StreamEvents events(*this, link);
  std::vector<std::byte> storage;
  link.stream.finish(protocol::last_copy(link.page(), storage), events);
}

// The results first: then nothing but what runs has begun and is not told.
Running Core::look(WorkerLink& link) {
  std::vector<std::byte> storage;
  StreamEvents events(*this, link);
  if (const auto page = link.watch.copy(link.page(), storage)) link.stream.harvest(*page, events);
  const protocol::PageWatch::Look seen = link.watch.look(link.page(), known(link));
  return {link.id, seen.claimed, Time{Nanoseconds(seen.clock)}};
}

// Nothing where the page cannot be believed: then what was next is what ran.
std::optional<std::uint64_t> Core::begun_by_the_dead(WorkerLink& link) {
  try {
    return link.watch.look(link.page(), known(link)).claimed;
  } catch (const CodecError& error) {
    callbacks_.log_error(link.name + " left a page that makes no sense: " + error.what());
    return std::nullopt;
  }
}

}  // namespace brood::pool
