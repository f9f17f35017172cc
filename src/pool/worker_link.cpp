#include "pool/worker_link.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.hpp"

namespace brood::pool {

namespace {
constexpr std::size_t small_part =
    64 * 1024;  // bytes; a part that has reached this is left for a new one
constexpr std::size_t parts_per_write = 16;
}  // namespace

// The last part is kept when it has been written, with its memory, for the next small message.
detail::Bytes& Outbox::tail() {
  if (parts_.empty() || parts_.back().keeper || parts_.back().own.size() >= small_part)
    parts_.emplace_back();
  return parts_.back().own;
}

void Outbox::lend(std::span<const std::byte> memory, std::shared_ptr<const void> keeper,
                  JobId job) {
  if (memory.empty()) return;
  Part part;
  part.lent = memory;
  part.keeper = std::move(keeper);
  part.job = job;
  parts_.push_back(std::move(part));
}

void Outbox::detach(JobId job) {
  for (Part& part : parts_) {
    if (!part.keeper || part.job != job) continue;
    part.own = detail::Bytes(part.lent);
    part.keeper.reset();
  }
}

bool Outbox::refers_to(JobId job) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [job](const Part& part) { return part.keeper && part.job == job; });
}

platform::Transfer Outbox::write_to(int descriptor) {
  using State = platform::Transfer::State;
  while (!empty()) {
    std::array<iovec, parts_per_write> vector;
    std::size_t count = 0;
    for (auto part = parts_.begin(); part != parts_.end() && count < vector.size(); ++part) {
      const auto view = part->view().subspan(count == 0 ? written_ : 0);
      vector[count++] = {const_cast<std::byte*>(view.data()), view.size()};
    }
    const platform::Transfer transfer =
        platform::write_some_unguarded(descriptor, {vector.data(), count});
    if (transfer.state != State::moved) return transfer;
    consume(transfer.count);
  }
  return {State::moved, 0, 0};
}

void Outbox::consume(std::size_t count) {
  written_ += count;
  while (!parts_.empty() && written_ >= parts_.front().view().size()) {
    written_ -= parts_.front().view().size();
    if (parts_.size() == 1 && !parts_.front().keeper &&
        parts_.front().own.capacity() <= small_part) {
      parts_.front().own.clear();
      return;
    }
    parts_.pop_front();
  }
}

namespace {
// A limit for one result is none for a frame, which may hold many small ones, an exception or log
// records.
std::uint64_t frame_limit(std::uint64_t message_limit) {
  return std::max(message_limit, message_limit + protocol::most_beside_a_result);
}
}  // namespace

WorkerLink::WorkerLink(WorkerId worker, std::string worker_name, std::uint64_t message_limit)
    : id(worker), name(std::move(worker_name)), stream(frame_limit(message_limit)) {}

void WorkerLink::send_descriptors(std::uint64_t group,
                                  std::span<const detail::DescriptorRef> descriptors) {
  if (descriptors.empty()) return;
  std::set<detail::DescriptorRef>& sent = sent_[group];
  std::vector<detail::DescriptorRef> fresh;
  for (const detail::DescriptorRef& descriptor : descriptors) {
    if (sent.insert(descriptor).second) fresh.push_back(descriptor);
  }
  std::span<const detail::DescriptorRef> left = fresh;
  try {
    escort.send(group, left);
  } catch (const Error& failure) {  // ETOOMANYREFS, a connection that is closed
    base::log_warning("a shared object could not be sent to " + name + ": " + failure.what());
  }
  for (const detail::DescriptorRef& descriptor : left) sent.erase(descriptor);
}

platform::Transfer WorkerLink::read_once() {
  const auto room = stream.stream().room();
  if (room.size() >= detail::large_memory && room.data() + room.size() != advised_) {
    detail::advise_large(room.data(), room.size());
    advised_ = room.data() + room.size();
  }
  const platform::Transfer transfer = platform::read_some(results.get(), room.data(), room.size());
  if (transfer.state == platform::Transfer::State::moved) stream.stream().filled(transfer.count);
  return transfer;
}

}  // namespace brood::pool
