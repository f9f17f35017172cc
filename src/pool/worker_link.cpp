#include "pool/worker_link.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <brood/errors.hpp>

#include "base/log.hpp"
#include "protocol/messages.hpp"

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

bool Outbox::detach(JobId job) noexcept try {
  for (Part& part : parts_) {
    if (!part.keeper || part.job != job) continue;
    part.own = detail::Bytes(part.lent);
    part.keeper.reset();
  }
  return true;
} catch (const std::bad_alloc&) {
  clear();
  return false;
}

bool Outbox::refers_to(JobId job) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [job](const Part& part) { return part.keeper && part.job == job; });
}

void Outbox::carry(std::uint64_t group, std::span<const detail::DescriptorRef> descriptors) {
  if (descriptors.empty()) return;
  if (!empty() || parts_.empty()) parts_.emplace_back();
  Part& part = parts_.back();
  part.carried.assign(descriptors.begin(), descriptors.end());
  part.group = group;
  protocol::append_message(part.own, protocol::Type::fetch);
}

Outbox::Written Outbox::write_to(int pipe, platform::Escort& escort) {
  using State = platform::Transfer::State;
  while (!empty()) {
    const Stop stop = send_carried(escort);
    if (stop != Stop::none) return {stop, stop == Stop::failed ? EPERM : 0};
    const platform::Transfer transfer = write_parts(pipe);
    if (transfer.state == State::would_block) return {Stop::pipe_full, 0};
    if (transfer.state != State::moved) return {Stop::failed, transfer.error};
    consume(transfer.count);
  }
  return {};
}

// What waits for room may wait for what was sent before it: so the worker is told at once to fetch
// that.
Outbox::Stop Outbox::send_carried(platform::Escort& escort) {
  Part& part = parts_.front();
  if (part.carried.empty()) return Stop::none;
  std::span<const detail::DescriptorRef> left = part.carried;
  platform::SendState state = platform::SendState::gone;
  try {
    state = escort.send(part.group, left);
  } catch (const SystemError& refused) {
    // By an option of the worker's end (SO_PASSRIGHTS): it would fail all that come to it.
    if (refused.code().value() == EPERM) return Stop::failed;
    base::log_warning(std::string("a shared object could not be sent to a worker: ") +
                      refused.what());
  } catch (const Error& failure) {  // a connection that has been closed meanwhile
    base::log_warning(std::string("a shared object could not be sent to a worker: ") +
                      failure.what());
  }
  const bool crowded = state == platform::SendState::crowded;
  if (!crowded && state != platform::SendState::would_block) {
    part.carried.clear();
    return Stop::none;
  }
  if (left.size() == part.carried.size()) return crowded ? Stop::crowded : Stop::escort_full;
  part.carried.erase(part.carried.begin(), part.carried.end() - std::ssize(left));
  protocol::append_message(parts_.emplace_front().own, protocol::Type::fetch);
  return Stop::none;
}

/// Writes once: what lies before the next descriptors.
platform::Transfer Outbox::write_parts(int pipe) {
  std::array<iovec, parts_per_write> vector;
  std::size_t count = 0;
  for (auto part = parts_.begin(); part != parts_.end() && count < vector.size(); ++part) {
    if (!part->carried.empty()) break;
    const auto view = part->view().subspan(count == 0 ? written_ : 0);
    vector[count++] = {const_cast<std::byte*>(view.data()), view.size()};
  }
  return platform::send_some(pipe, {vector.data(), count});
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
    : id(worker),
      name(std::move(worker_name)),
      stream(frame_limit(message_limit)),
      logs(std::make_shared<LogQueue::Source>(name)) {}

void WorkerLink::send_descriptors(JobId job, std::uint64_t group,
                                  std::span<const detail::DescriptorRef> descriptors) {
  if (descriptors.empty()) return;
  Sent& here = sent_[group];
  here.job = job;
  std::vector<detail::DescriptorRef> fresh;
  for (const detail::DescriptorRef& descriptor : descriptors) {
    if (here.descriptors.insert(descriptor).second) fresh.push_back(descriptor);
  }
  outbox.carry(group, fresh);
}

void WorkerLink::forget_groups(JobId job, std::uint64_t oldest) {
  std::erase_if(sent_, [&](const auto& entry) {
    if (entry.second.job != job || entry.first == job || entry.first >= oldest) return false;
    protocol::append_message(outbox.tail(), protocol::Type::forget,
                             protocol::ForgetHeader{entry.first});
    return true;
  });
}

void WorkerLink::forget(JobId job) {
  forget_groups(job, ~std::uint64_t{0});
  sent_.erase(job);
  protocol::append_message(outbox.tail(), protocol::Type::forget, protocol::ForgetHeader{job});
}

platform::Transfer WorkerLink::read_once() {
  const auto room = stream.stream().room();
  if (room.size() >= detail::large_memory && room.data() + room.size() != advised_) {
    detail::advise_large(room.data(), room.size());
    advised_ = room.data() + room.size();
  }
  const platform::Transfer transfer = platform::receive_some(results.get(), room);
  if (transfer.state == platform::Transfer::State::moved) stream.stream().filled(transfer.count);
  if (transfer.error == EBADMSG)
    throw CodecError(CodecError::Direction::decode, "message of a worker",
                     "descriptors came with it");
  return transfer;
}

}  // namespace brood::pool
