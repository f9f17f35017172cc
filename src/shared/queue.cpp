#include <brood/queue.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>
#include <string>
#include <utility>

#include <brood/detail/descriptor_ref.hpp>
#include "platform/escort.hpp"
#include "platform/shared_descriptor.hpp"
#include "platform/socket.hpp"
#include "shared/guard.hpp"
#include "shared/naps.hpp"
#include "shared/object.hpp"
#include "shared/queue_sockets.hpp"
#include "shared/queue_state.hpp"

// States, invariants and races: queue.md.
namespace brood::detail {

using shared::Guard;
using shared::QueueSockets;
using shared::QueueState;
using Books = QueueState::Books;
using shared::Bell;

namespace {

struct Record {
  std::uint64_t size = 0;   // bytes that follow
  std::uint64_t group = 0;  // of its descriptors
  std::uint64_t count = 0;  // of them; 0: none wait
};

// One message takes all descriptors of a value, or none: more than fit travel inside a socket.
constexpr std::size_t most_in_a_message = 12;

/// Nothing where they find no room in this process.
std::optional<std::vector<DescriptorRef>> unpacked(platform::Escorted& message, std::size_t count) {
  if (message.lost) return std::nullopt;
  if (count <= most_in_a_message || message.descriptors.empty())
    return std::move(message.descriptors);
  return platform::look_into(message.descriptors.front()->get());
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

/// Calls `attempt` with a copy of the books, under the guard, until it is true. False when the
/// deadline passes before.
template <class Attempt>
bool try_until(QueueState& queue, Bell& bell, const Deadline& deadline, Attempt attempt) {
  shared::Naps naps(deadline);
  for (;;) {
    std::uint32_t heard = 0;
    {
      const Guard guard(queue, deadline);
      if (!guard) return false;
      Books books = queue.books();
      if (attempt(books)) return true;
      heard = bell.count();
    }
    if (!bell.wait(heard, naps)) return false;
  }
}

}  // namespace

/// The records of a queue, under its guard.
class QueueTape {
 public:
  explicit QueueTape(const QueueHandle& handle)
      : queue_(queue_of(handle.state_)),
        tape_(static_cast<std::byte*>(handle.state_) + sizeof(QueueState),
              handle.descriptor_->get(),
              shared::state_offset + sizeof(QueueState) + shared::Tape::ring_size, queue_.extent),
        sockets_(handle.sender_->get(), handle.receiver_->get(), queue_.further, &queue_) {}

  /// False when the descriptors find no room now.
  bool append(Books& books, const Bytes& bytes) {
    queue_.guard.assume_held();
    Record record{bytes.size(), 0, bytes.carried().size()};
    if (record.count != 0) {
      record.group = ++queue_.last_group;
      if (!send_all(record.group, bytes.carried())) return false;
    }
    tape_.write(books.marks, std::as_bytes(std::span(&record, 1)));
    tape_.write(books.marks, bytes.view());
    ++books.put;
    ++books.unfinished;
    queue_.publish(books);
    return true;
  }

  /// The oldest value. There is one.
  Parcel take(Books& books) {
    queue_.guard.assume_held();
    const std::uint64_t there = books.marks.tail - books.marks.head;
    demand(there >= sizeof(Record));
    demand(tape_.has(books.marks, std::min<std::uint64_t>(there, shared::Tape::ring_size)));
    tape_.refill(books.marks);
    Record record;
    tape_.read(books.marks, std::as_writable_bytes(std::span(&record, 1)));
    demand(tape_.has(books.marks, record.size));
    Parcel parcel;
    tape_.read(books.marks, {parcel.owned.extend(record.size), record.size});
    QueueSockets::Found found;
    if (record.count != 0) found = peek(record, parcel.descriptors);
    ++books.taken;
    const bool empty = books.taken == books.put;
    if (empty) books.marks = {};  // back to what is in the processor's cache
    queue_.publish(books);
    if (found.message.received) sockets_.drop(found);
    if (empty && queue_.further != 0) sockets_.clear();
    tape_.give_back(books.marks);
    return parcel;
  }

 private:
  void demand(bool makes_sense) const {
    if (!makes_sense) shared::throw_broken(&queue_);
  }
  bool send_all(std::uint64_t group, std::span<const DescriptorRef> descriptors) {
    if (descriptors.size() <= most_in_a_message) return sockets_.send(group, descriptors);
    std::optional<platform::Descriptor> enclosed =
        platform::enclose(descriptors, "one value of a queue");
    if (!enclosed) return false;
    const DescriptorRef packed =
        share_descriptor(*std::move(enclosed), SharedDescriptor::Kind::memory);
    return sockets_.send(group, {&packed, 1});
  }
  // Not received where they are not there any more.
  QueueSockets::Found peek(const Record& record, std::vector<DescriptorRef>& descriptors) {
    QueueSockets::Found found = sockets_.find(record.group);
    if (!found.message.received) return found;
    std::optional<std::vector<DescriptorRef>> here = unpacked(found.message, record.count);
    if (!here)
      throw SystemError(
          "recvmsg", "getting a value, which stays: its shared objects have no room here", EMFILE);
    descriptors = *std::move(here);
    return found;
  }

  QueueState& queue_;
  const shared::Tape tape_;
  QueueSockets sockets_;
};

QueueHandle::QueueHandle(std::size_t maxsize) {
  shared::Object object =
      shared::make<QueueState>(shared::Kind::queue, shared::Tape::ring_size, maxsize);
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
  return queue.books().size();
}

bool QueueHandle::full() const {
  QueueState& queue = queue_of(state_);
  const Guard guard(queue);
  return !has_room(queue.books().size(), maxsize());
}

std::size_t QueueHandle::maxsize() const {
  queue_of(state_);  // throws where there is no queue
  return shared::noted_count(descriptor_);
}

void QueueHandle::close() const {
  QueueState& queue = queue_of(state_);
  {
    const Guard guard(queue);
    Books books = queue.books();
    books.closed = 1;
    queue.publish(books);
  }
  queue.arrivals.ring(INT_MAX);
  queue.departures.ring(INT_MAX);
}

bool QueueHandle::closed() const {
  QueueState& queue = queue_of(state_);
  const Guard guard(queue);
  return queue.books().closed != 0;
}

bool QueueHandle::put_until(const Bytes& bytes, const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  const bool done = try_until(queue, queue.departures, deadline, [&](Books& books) {
    if (books.closed != 0) throw UsageError("brood::Queue: put() after close()");
    return has_room(books.size(), maxsize()) && QueueTape(*this).append(books, bytes);
  });
  if (done) queue.arrivals.ring(1);
  return done;
}

std::optional<Parcel> QueueHandle::get_until(const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  std::optional<Parcel> parcel;
  try_until(queue, queue.arrivals, deadline, [&](Books& books) {
    if (books.size() == 0) return books.closed != 0;
    parcel = QueueTape(*this).take(books);
    return true;
  });
  if (parcel) queue.departures.ring(1);
  return parcel;
}

void QueueHandle::note_done() const {
  QueueState& queue = queue_of(state_);
  {
    const Guard guard(queue);
    Books books = queue.books();
    if (books.unfinished == 0)
      throw UsageError("brood::JoinableQueue: task_done() more often than put()");
    --books.unfinished;
    queue.publish(books);
    if (books.unfinished != 0) return;
  }
  queue.completions.ring(INT_MAX);
}

bool QueueHandle::join_until(const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  return try_until(queue, queue.completions, deadline,
                   [](const Books& books) { return books.unfinished == 0; });
}

void QueueHandle::save(OutputArchive& archive) const {
  put_descriptor(archive, descriptor_);
  put_descriptor(archive, sender_);
  put_descriptor(archive, receiver_);
}

void QueueHandle::load(InputArchive& archive) {
  shared::Object object =
      shared::take(archive, {shared::Kind::queue}, sizeof(QueueState) + shared::Tape::ring_size);
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
