#include <brood/queue.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>
#include <string>
#include <utility>

#include <brood/detail/codec/descriptor_ref.hpp>
#include "platform/socket.hpp"
#include "shared/backoff_wait.hpp"
#include "shared/guard.hpp"
#include "shared/object.hpp"
#include "shared/queue_sockets.hpp"
#include "shared/queue_state.hpp"
#include "transfer/descriptor_channel.hpp"
#include "transfer/shared_descriptor.hpp"

// States, invariants and races: queue.md.
namespace brood::detail {

using shared::Guard;
using shared::QueueSockets;
using shared::QueueState;
using Ledger = QueueState::Ledger;
using shared::EventCount;

namespace {

struct Record {
  std::uint64_t size = 0;              // bytes that follow
  std::uint64_t attachment_group = 0;  // of its descriptors
  std::uint64_t count = 0;             // of them; 0: none wait
};

// One message takes all descriptors of a value, or none: more than fit travel inside a socket.
constexpr std::size_t most_in_a_message = 12;

/// Nothing where they find no room in this process.
std::optional<std::vector<DescriptorRef>> unpacked(transfer::ReceivedDescriptors& message,
                                                   std::size_t count) {
  if (message.lost) return std::nullopt;
  if (count <= most_in_a_message || message.descriptors.empty())
    return std::move(message.descriptors);
  return transfer::look_into(message.descriptors.front()->get());
}

QueueState& queue_of(void* state) { return shared::state_of<QueueState>(state); }

bool has_room(std::uint64_t size, std::size_t limit) noexcept { return limit == 0 || size < limit; }

// One end of the pair in which descriptors wait.
DescriptorRef take_socket(InputArchive& archive) {
  DescriptorRef found = take_descriptor(archive);
  if (found->kind() != SharedDescriptor::Kind::memory || !platform::is_message_socket(found->get()))
    shared::throw_another_kind();
  return found;
}

/// Calls `attempt` with a copy of the ledger, under the guard, until it is true. False when the
/// deadline passes before.
template <class Attempt>
bool try_until(QueueState& queue, EventCount& event, const Deadline& deadline, Attempt attempt) {
  shared::BackoffWait backoff(deadline);
  for (;;) {
    std::uint32_t seen = 0;
    {
      const Guard guard(queue, deadline);
      if (!guard) return false;
      Ledger ledger = queue.ledger();
      if (attempt(ledger)) return true;
      seen = event.count();
    }
    if (!event.wait(seen, backoff)) return false;
  }
}

}  // namespace

/// The records of a queue, under its guard.
class QueueRecords {
 public:
  explicit QueueRecords(const QueueHandle& handle)
      : queue_(queue_of(handle.state_)),
        ring_file_(
            static_cast<std::byte*>(handle.state_) + sizeof(QueueState), handle.descriptor_->get(),
            shared::state_offset + sizeof(QueueState) + shared::RingFile::ring_size, queue_.extent),
        sockets_(handle.sender_->get(), handle.receiver_->get(), queue_.further, &queue_) {}

  /// False when the descriptors find no room now.
  bool append(Ledger& ledger, const Bytes& bytes) {
    queue_.guard.assume_held();
    Record record{bytes.size(), 0, bytes.attached().size()};
    if (record.count != 0) {
      record.attachment_group = ++queue_.last_attachment_group;
      if (!send_all(record.attachment_group, bytes.attached())) return false;
    }
    ring_file_.write(ledger.positions, std::as_bytes(std::span(&record, 1)));
    ring_file_.write(ledger.positions, bytes.view());
    ++ledger.put;
    ++ledger.unfinished;
    queue_.publish(ledger);
    return true;
  }

  /// The oldest value. There is one.
  Envelope take(Ledger& ledger) {
    queue_.guard.assume_held();
    const std::uint64_t there = ledger.positions.tail - ledger.positions.head;
    demand(there >= sizeof(Record));
    demand(ring_file_.has(ledger.positions,
                          std::min<std::uint64_t>(there, shared::RingFile::ring_size)));
    ring_file_.refill(ledger.positions);
    Record record;
    ring_file_.read(ledger.positions, std::as_writable_bytes(std::span(&record, 1)));
    demand(ring_file_.has(ledger.positions, record.size));
    Envelope envelope;
    ring_file_.read(ledger.positions, {envelope.owned.extend(record.size), record.size});
    QueueSockets::Found found;
    if (record.count != 0) found = peek(record, envelope.descriptors);
    ++ledger.taken;
    const bool empty = ledger.taken == ledger.put;
    if (empty) ledger.positions = {};  // back to what is in the processor's cache
    queue_.publish(ledger);
    if (found.message.received) sockets_.drop(found);
    if (empty && queue_.further != 0) sockets_.clear();
    ring_file_.give_back(ledger.positions);
    return envelope;
  }

 private:
  void demand(bool makes_sense) const {
    if (!makes_sense) shared::throw_broken(&queue_);
  }
  bool send_all(std::uint64_t attachment_group, std::span<const DescriptorRef> descriptors) {
    if (descriptors.size() <= most_in_a_message)
      return sockets_.send(attachment_group, descriptors);
    std::optional<platform::Descriptor> enclosed =
        transfer::enclose(descriptors, "one value of a queue");
    if (!enclosed) return false;
    const DescriptorRef packed =
        share_descriptor(*std::move(enclosed), SharedDescriptor::Kind::memory);
    return sockets_.send(attachment_group, {&packed, 1});
  }
  // Not received where they are not there any more.
  QueueSockets::Found peek(const Record& record, std::vector<DescriptorRef>& descriptors) {
    QueueSockets::Found found = sockets_.find(record.attachment_group);
    if (!found.message.received) return found;
    std::optional<std::vector<DescriptorRef>> here = unpacked(found.message, record.count);
    if (!here)
      throw SystemError(
          "recvmsg", "getting a value, which stays: its shared objects have no room here", EMFILE);
    descriptors = *std::move(here);
    return found;
  }

  QueueState& queue_;
  const shared::RingFile ring_file_;
  QueueSockets sockets_;
};

QueueHandle::QueueHandle(std::size_t maxsize) {
  shared::Object object =
      shared::make<QueueState>(shared::Kind::queue, shared::RingFile::ring_size, maxsize);
  platform::SocketPair pair = platform::make_socket_pair();
  shared::note_count(object.descriptor, maxsize);
  descriptor_ = object.descriptor;
  state_ = object.state();
  sender_ = share_descriptor(std::move(pair.ours), SharedDescriptor::Kind::memory);
  receiver_ = share_descriptor(std::move(pair.theirs), SharedDescriptor::Kind::memory);
}

std::size_t QueueHandle::size() const {
  QueueState& queue = queue_of(state_);
  const Guard guard(queue);
  return queue.ledger().size();
}

bool QueueHandle::full() const {
  QueueState& queue = queue_of(state_);
  const Guard guard(queue);
  return !has_room(queue.ledger().size(), maxsize());
}

std::size_t QueueHandle::maxsize() const {
  queue_of(state_);  // throws where there is no queue
  return shared::noted_count(descriptor_);
}

void QueueHandle::close() const {
  QueueState& queue = queue_of(state_);
  {
    const Guard guard(queue);
    Ledger ledger = queue.ledger();
    ledger.closed = 1;
    queue.publish(ledger);
  }
  queue.arrivals.notify(INT_MAX);
  queue.departures.notify(INT_MAX);
}

bool QueueHandle::closed() const {
  QueueState& queue = queue_of(state_);
  const Guard guard(queue);
  return queue.ledger().closed != 0;
}

bool QueueHandle::put_by(const Bytes& bytes, const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  const bool done = try_until(queue, queue.departures, deadline, [&](Ledger& ledger) {
    if (ledger.closed != 0) throw UsageError("brood::Queue: put() after close()");
    return has_room(ledger.size(), maxsize()) && QueueRecords(*this).append(ledger, bytes);
  });
  if (done) queue.arrivals.notify(1);
  return done;
}

std::optional<Envelope> QueueHandle::get_by(const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  std::optional<Envelope> envelope;
  try_until(queue, queue.arrivals, deadline, [&](Ledger& ledger) {
    if (ledger.size() == 0) return ledger.closed != 0;
    envelope = QueueRecords(*this).take(ledger);
    return true;
  });
  if (envelope) queue.departures.notify(1);
  return envelope;
}

void QueueHandle::note_done() const {
  QueueState& queue = queue_of(state_);
  {
    const Guard guard(queue);
    Ledger ledger = queue.ledger();
    if (ledger.unfinished == 0)
      throw UsageError("brood::JoinableQueue: task_done() more often than put()");
    --ledger.unfinished;
    queue.publish(ledger);
    if (ledger.unfinished != 0) return;
  }
  queue.completions.notify(INT_MAX);
}

bool QueueHandle::join_by(const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  return try_until(queue, queue.completions, deadline,
                   [](const Ledger& ledger) { return ledger.unfinished == 0; });
}

void QueueHandle::save(OutputArchive& archive) const {
  put_descriptor(archive, descriptor_);
  put_descriptor(archive, sender_);
  put_descriptor(archive, receiver_);
}

void QueueHandle::load(InputArchive& archive) {
  shared::Object object = shared::take(archive, {shared::Kind::queue},
                                       sizeof(QueueState) + shared::RingFile::ring_size);
  DescriptorRef sender = take_socket(archive);
  DescriptorRef receiver = take_socket(archive);
  const auto& state = *static_cast<const QueueState*>(object.state());
  shared::note_count(object.descriptor, shared::count_in(object, state.limit));
  sender_ = std::move(sender);
  receiver_ = std::move(receiver);
  descriptor_ = std::move(object.descriptor);
  state_ = object.memory + shared::state_offset;
}

}  // namespace brood::detail
