#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <brood/detail/job.hpp>
#include <brood/errors.hpp>
#include "owner.hpp"
#include "protocol/messages.hpp"
#include "protocol/owner_page.hpp"

// The owner's ends of the pipes.
namespace brood::simulation {

namespace {

constexpr std::array<std::byte, 8> definition{};

void require(bool condition, const char* what) {
  if (!condition) throw Violation(what);
}

// The results of consecutive elements, byte by byte.
void check_results(const protocol::ResultsHeader& header, std::span<const std::byte> results,
                   const JobPlan& plan) {
  Reader reader(results);
  const auto number = [&reader] {
    std::uint64_t value = 0;
    reader.read(&value, sizeof value);
    return value;
  };
  if (header.folded != 0) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < header.count; ++i) sum += value_of(header.job, header.first + i);
    require(plan.folded && number() == sizeof sum && number() == sum, "a wrong folded result");
    return;
  }
  for (std::size_t index = header.first; index < header.first + header.count; ++index) {
    const std::uint64_t value = value_of(header.job, index);
    if (plan.result == ResultKind::nothing) {
      require(header.stride == 1, "a wrong stride");
      reader.take(1);
    } else if (plan.result == ResultKind::number) {
      require(header.stride == sizeof value && number() == value, "a wrong result");
    } else {
      const std::size_t size = text_size_of(header.job, index, plan.text_size);
      require(number() == size + sizeof value && number() == size, "a result of the wrong size");
      const auto text = reader.take(size);
      const auto letter = static_cast<std::byte>('a' + value % 26);
      require(size == 0 || (text.front() == letter && text.back() == letter), "a wrong text");
    }
  }
  require(reader.left() == 0, "bytes behind the results");
}

}  // namespace

/// What one worker says.
class Owner::Events final : public protocol::ParentEvents {
 public:
  Events(Owner& owner, Link& link) : owner_(owner), link_(link) {}

  void on_greeting(const protocol::GreetingHeader&) override {
    require(!std::exchange(greeted_, true), "two greetings");
  }
  void on_ready() override {
    owner_.environment_.say("worker %u is ready", slot());
    owner_.referee_.ready(*link_.process);
    owner_.scheduler_.worker_ready(slot(), owner_.environment_.now);
  }
  void on_start_failed(std::span<const std::byte>) override {
    owner_.scheduler_.start_failed(slot(), owner_.environment_.now,
                                   pool::StartFailure::initializer);
  }
  void on_sandbox_failed(std::string_view) override {
    owner_.scheduler_.start_failed(slot(), owner_.environment_.now,
                                   pool::StartFailure::initializer);
  }
  void on_results(const protocol::ResultsHeader& header,
                  std::span<const std::byte> results) override {
    owner_.environment_.say("worker %u tells %llx[%llu, %llu)", slot(),
                            static_cast<unsigned long long>(header.job),
                            static_cast<unsigned long long>(header.first),
                            static_cast<unsigned long long>(header.first + header.count));
    check_results(header, results, owner_.referee_.plan(header.job));
    tell({header.job, header.first, header.count, header.elapsed, false}, header.folded != 0);
  }
  void on_failed(const protocol::FailedHeader& header, std::span<const std::byte>) override {
    owner_.environment_.say("worker %u tells %llx[%llu] failed", slot(),
                            static_cast<unsigned long long>(header.job),
                            static_cast<unsigned long long>(header.index));
    const bool retryable = header.retryable != 0 || owner_.mutate(Mutation::try_again_in_vain);
    tell({header.job, header.index, 1, header.elapsed, true, retryable}, false);
  }
  void on_skipped(std::uint64_t fence) override {
    owner_.environment_.say("worker %u has skipped to %llu", slot(),
                            static_cast<unsigned long long>(fence));
    owner_.referee_.acknowledged(*link_.process, fence);
    if (owner_.mutate(Mutation::forget_skipped)) return;
    require(owner_.scheduler_.revocation_done(slot(), fence), "an acknowledgement is refused");
    link_.watch.acknowledged();
  }
  void on_carried() override {}
  void on_exhausted() override {}
  void on_log(const protocol::LogRecord&) override {}

 private:
  WorkerId slot() const { return link_.process->slot; }
  void tell(const pool::Outcomes& outcomes, bool folded) {
    using pool::Reception;
    if (owner_.mutate(Mutation::lose_a_result)) return;
    const auto told = owner_.scheduler_.outcomes(slot(), outcomes, owner_.environment_.now);
    require(told != Reception::nonsense, "a result that nobody has asked for");
    owner_.referee_.told_by(*link_.process, outcomes, folded, told);
    require(told != Reception::wanted || owner_.find_call(outcomes.job) != nullptr,
            "an outcome of a call that is not kept any more");
  }

  Owner& owner_;
  Link& link_;
  bool greeted_ = false;
};

void Owner::parse(Link& link) {
  Events events(*this, link);
  link.stream.parse(events);
}

// False at the end of the stream, or when there is nothing yet.
bool Owner::receive(Link& link, std::size_t most) {
  auto room = link.stream.stream().room();
  const std::size_t count = link.process->results.read(room.first(std::min(room.size(), most)));
  if (count == 0) return false;
  link.stream.stream().filled(count);
  try {
    parse(link);
  } catch (const Error& error) {
    broken(link, error.what());
  }
  return true;
}

void Owner::read(Link& link) {
  for (int turn = 0; turn < 8; ++turn) {
    const bool partly = environment_.random.chance(environment_.parameters.partial_read);
    if (!receive(link, partly ? environment_.random.between(1, 200) : 1 << 20)) break;
    perform(true);
    if (partly) return;
  }
  if (link.process->results.empty() && link.process->results.closed && !link.ended) stop(link);
}

void Owner::broken(Link& link, const char* why) {
  if (!link.broken)
    environment_.say("the stream of worker %u is broken: %s", link.process->slot, why);
  link.broken = true;
  referee_.broken(*link.process);
  scheduler_.worker_broken(link.process->slot, environment_.now);
}

void Owner::harvest(Link& link) {
  std::vector<std::byte> storage;
  const auto page = link.watch.copy(link.process->page(), storage);
  if (!page) return;
  Events events(*this, link);
  const std::uint64_t known = link.stream.resolved();
  link.stream.harvest(*page, events);
  environment_.census.harvested += link.stream.resolved() - known;
}

void Owner::bury_the_dead() {
  for (const auto& link : links_) {
    if (!link || !link->ended || link->lent) continue;
    scheduler_.set_borrowable(link->process->slot, false);
    perform(true);
    bury(*link);
  }
}

// The pipe first, then the page, then who is charged.
void Owner::bury(Link& link) {
  Process& process = *link.process;
  if (!mutate(Mutation::bury_before_the_pipe_is_empty)) {
    while (receive(link, 1 << 20)) unlocked_();
  }
  Events events(*this, link);
  try {
    if (!mutate(Mutation::forget_the_page_of_the_dead)) {
      const std::uint64_t known = link.stream.resolved();
      std::vector<std::byte> storage;
      link.stream.finish(protocol::last_copy(process.page(), storage), events);
      environment_.census.from_pages_of_the_dead += link.stream.resolved() - known;
    }
  } catch (const Error&) {
    environment_.say("worker %u left a broken stream", process.slot);
  }
  unlocked_();
  perform(true);
  std::uint64_t claimed = link.watch.look(process.page(), known(link)).claimed;
  referee_.gone(process, claimed);
  if (mutate(Mutation::charge_although_idle)) ++claimed;
  scheduler_.worker_gone(process.slot, claimed, environment_.now);
  links_[process.slot].reset();
  perform(true);
}

void Owner::flush(Link& link) {
  if (link.outbox_empty()) return;
  const auto waiting = link.outbox.view().subspan(link.written);
  link.written += link.process->alive() ? link.process->tasks.write(waiting) : waiting.size();
  if (!link.outbox_empty()) return;
  link.outbox.clear();
  link.written = 0;
}

// As append_run in src/pool/work.cpp.
void Owner::send(const pool::Assignment& assignment, Link& link) {
  const JobPlan& plan = referee_.plan(assignment.job);
  if (assignment.define)
    protocol::append_message(link.outbox, protocol::Type::define,
                             protocol::DefineHeader{assignment.job}, definition);
  std::array<std::uint64_t, 2> argument{assignment.job, 0};
  const bool whole = plan.single();
  protocol::RunHeader header{};
  header.job = assignment.job;
  header.first = assignment.first;
  header.count = assignment.count;
  header.sequence = assignment.sequence;
  header.stride = plan.fixed_arguments && !whole ? sizeof argument : 0;
  header.define = plan.traits.self_contained ? definition.size() : 0;
  header.attempt = assignment.attempt;
  header.flags = (plan.traits.timeout ? protocol::RunHeader::timed : 0) |
                 (whole ? protocol::RunHeader::whole : 0);
  detail::Bytes rest;
  rest.append(definition.data(), header.define);
  for (std::size_t i = 0; i < assignment.count; ++i) {
    argument[1] = assignment.first + i;
    const std::uint64_t length = sizeof argument;
    if (!whole && !plan.fixed_arguments) rest.append(&length, sizeof length);
    rest.append(argument.data(), sizeof argument);
  }
  protocol::append_message(link.outbox, protocol::Type::run, header, rest.view());
}

}  // namespace brood::simulation
