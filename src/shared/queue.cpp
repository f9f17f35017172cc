#include <brood/queue.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <utility>

#include <brood/detail/descriptor_ref.hpp>
#include "platform/escort.hpp"
#include "platform/file_io.hpp"
#include "platform/futex.hpp"
#include "platform/shared_descriptor.hpp"
#include "platform/socket.hpp"
#include "shared/guard.hpp"
#include "shared/naps.hpp"
#include "shared/object.hpp"
#include "shared/queue_state.hpp"

// States, invariants and races: queue.md.
namespace brood::detail {

using shared::Guard;
using shared::QueueState;
using Books = QueueState::Books;
using Bell = QueueState::Bell;

namespace {

constexpr std::uint64_t worth_freeing = std::uint64_t{4} << 20;  // bytes

struct Record {
  std::uint64_t size = 0;   // bytes that follow
  std::uint64_t group = 0;  // of its descriptors
  std::uint64_t count = 0;  // of them; 0: none wait
};

// One message takes all descriptors of a value, or none: more than fit travel inside a socket.
constexpr std::size_t most_in_a_message = 12;

std::vector<DescriptorRef> packed(std::span<const DescriptorRef> descriptors) {
  if (descriptors.size() <= most_in_a_message) return {descriptors.begin(), descriptors.end()};
  platform::SocketPair pair = platform::make_socket_pair();
  platform::Escort escort(std::move(pair.ours));
  if (escort.send(0, descriptors) != platform::SendState::sent)
    throw CodecError(CodecError::Direction::encode, "",
                     "it has more handles of shared objects than one value of a queue may have (" +
                         std::to_string(descriptors.size()) + ")");
  return {share_descriptor(std::move(pair.theirs), SharedDescriptor::Kind::memory)};
}

std::vector<DescriptorRef> unpacked(std::vector<DescriptorRef>&& descriptors, std::size_t count) {
  if (count <= most_in_a_message || descriptors.empty()) return std::move(descriptors);
  platform::Escort escort(platform::duplicate(descriptors.front()->get()));
  escort.receive();
  return escort.take(0);
}

QueueState& queue_of(void* state) { return shared::state_of<QueueState>(state); }

void ring(Bell& bell, int most) noexcept {
  bell.word.fetch_add(1, std::memory_order_release);
  if (bell.sleepers.load(std::memory_order_acquire) != 0)
    platform::futex_wake(bell.word, most, platform::FutexScope::shared);
}

/// Calls `attempt` under the guard until it is true. False when the deadline passes before.
template <class Attempt>
bool try_until(QueueState& queue, Bell& bell, const Deadline& deadline, Attempt attempt) {
  shared::Naps naps(deadline);
  for (;;) {
    std::uint32_t seen = 0;
    {
      const Guard guard(queue);
      if (attempt()) return true;
      seen = bell.word.load(std::memory_order_acquire);
      bell.sleepers.fetch_add(1, std::memory_order_acq_rel);
    }
    const bool goes_on = naps.sleep(bell.word, seen);
    bell.sleepers.fetch_sub(1, std::memory_order_acq_rel);
    if (!goes_on) return false;
  }
}

}  // namespace

/// The records of a queue, under its guard.
class QueueTape {
 public:
  explicit QueueTape(const QueueHandle& handle)
      : handle_(handle),
        queue_(queue_of(handle.state_)),
        window_(static_cast<std::byte*>(handle.state_) + sizeof(QueueState)),
        start_(shared::state_offset + sizeof(QueueState)) {}

  /// False when the descriptors find no room now.
  bool append(const Bytes& bytes) {
    Record record{bytes.size(), 0, bytes.carried().size()};
    if (record.count != 0) {
      const std::vector<DescriptorRef> sent = packed(bytes.carried());
      record.group = ++queue_.last_group;
      if (!send(record.group, sent)) return false;
    }
    Books books = queue_.books();
    write(books.tail, std::as_bytes(std::span(&record, 1)));
    write(books.tail + sizeof record, bytes.view());
    books.tail += sizeof record + bytes.size();
    ++books.put;
    ++books.unfinished;
    queue_.used = std::max(queue_.used, books.tail);
    queue_.publish(books);
    return true;
  }

  /// The oldest value. There is one.
  Parcel take() {
    Books books = queue_.books();
    Record record;
    read(books.head, std::as_writable_bytes(std::span(&record, 1)));
    Parcel parcel;
    read(books.head + sizeof record, {parcel.owned.extend(record.size), record.size});
    bool lost = false;
    if (record.count != 0) parcel.descriptors = receive(record, lost);
    books.head += sizeof record + record.size;
    ++books.taken;
    if (books.taken == books.put) books.head = books.tail = 0;
    queue_.publish(books);
    give_back(books);
    if (lost)
      throw SystemError("recvmsg",
                        "getting a value, which is gone: its shared objects have no room", EMFILE);
    return parcel;
  }

 private:
  bool send(std::uint64_t group, std::span<const DescriptorRef> left) const {
    switch (platform::send_descriptors(handle_.sender_->get(), group, left)) {
      case platform::SendState::sent:
        return true;
      case platform::SendState::would_block:
        return false;
      case platform::SendState::gone:
        break;
    }
    throw SystemError("sendmsg", "putting the descriptor of a shared object into a queue", EPIPE);
  }
  // What is in front of this group was put by somebody who died meanwhile.
  std::vector<DescriptorRef> receive(const Record& record, bool& lost) const {
    const int socket = handle_.receiver_->get();
    for (;;) {
      const std::optional<std::uint64_t> next = platform::next_group(socket);
      if (!next || *next > record.group) return {};
      platform::Escorted came = platform::receive_descriptors(socket);
      if (*next != record.group) continue;
      lost = came.lost;
      return unpacked(std::move(came.descriptors), record.count);
    }
  }
  void write(std::uint64_t position, std::span<const std::byte> bytes) const {
    const auto [here, beyond] = split(position, bytes);
    if (!here.empty()) std::memcpy(window_ + position, here.data(), here.size());
    if (!beyond.empty())
      platform::write_at(handle_.descriptor_->get(), beyond, start_ + position + here.size());
  }
  void read(std::uint64_t position, std::span<std::byte> target) const {
    const auto [here, beyond] = split(position, target);
    if (!here.empty()) std::memcpy(here.data(), window_ + position, here.size());
    if (beyond.empty()) return;
    const int file = handle_.descriptor_->get();
    if (platform::read_at(file, beyond, start_ + position + here.size()) != beyond.size())
      throw SystemError("pread", "reading from a queue", ENODATA);
  }
  // The parts of it in the window and behind it.
  template <class Byte>
  static std::pair<std::span<Byte>, std::span<Byte>> split(std::uint64_t position,
                                                           std::span<Byte> bytes) {
    const std::uint64_t room = position < shared::tape_window ? shared::tape_window - position : 0;
    const std::size_t here = std::min<std::uint64_t>(room, bytes.size());
    return {bytes.first(here), bytes.subspan(here)};
  }
  // Best effort: whoever dies before this leaves it to the next.
  void give_back(const Books& books) const noexcept {
    const std::uint64_t from = std::max<std::uint64_t>(queue_.freed, shared::tape_window);
    const bool empty = books.tail == 0;
    const std::uint64_t to = empty ? queue_.used : books.head;
    if (to > from && (empty ? to > worth_freeing : to - from >= worth_freeing)) {
      platform::discard(handle_.descriptor_->get(), start_ + from, to - from);
      queue_.freed = to;
    }
    if (empty && queue_.used > worth_freeing) queue_.freed = queue_.used = 0;
  }

  const QueueHandle& handle_;
  QueueState& queue_;
  std::byte* const window_;
  const std::uint64_t start_;  // of the tape, in the file
};

QueueHandle::QueueHandle(std::size_t maxsize) {
  shared::Object object =
      shared::make<QueueState>(shared::Kind::queue, shared::tape_window, maxsize);
  platform::SocketPair pair = platform::make_socket_pair();
  descriptor_ = object.descriptor;
  state_ = object.state();
  sender_ = share_descriptor(std::move(pair.ours), SharedDescriptor::Kind::memory);
  receiver_ = share_descriptor(std::move(pair.theirs), SharedDescriptor::Kind::memory);
}

std::size_t QueueHandle::size() const {
  QueueState& queue = queue_of(state_);
  const Guard guard(queue);
  return queue.size();
}

bool QueueHandle::full() const {
  QueueState& queue = queue_of(state_);
  const Guard guard(queue);
  return !queue.has_room();
}

std::size_t QueueHandle::maxsize() const { return queue_of(state_).limit; }

void QueueHandle::close() const {
  QueueState& queue = queue_of(state_);
  {
    const Guard guard(queue);
    Books books = queue.books();
    books.closed = 1;
    queue.publish(books);
  }
  ring(queue.arrivals, INT_MAX);
  ring(queue.departures, INT_MAX);
}

bool QueueHandle::closed() const {
  QueueState& queue = queue_of(state_);
  const Guard guard(queue);
  return queue.books().closed != 0;
}

bool QueueHandle::put_until(const Bytes& bytes, const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  const bool done = try_until(queue, queue.departures, deadline, [&] {
    if (queue.books().closed != 0) throw UsageError("brood::Queue: put() after close()");
    return queue.has_room() && QueueTape(*this).append(bytes);
  });
  if (done) ring(queue.arrivals, 1);
  return done;
}

std::optional<Parcel> QueueHandle::get_until(const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  std::optional<Parcel> parcel;
  try_until(queue, queue.arrivals, deadline, [&] {
    if (queue.size() == 0) return queue.books().closed != 0;
    parcel = QueueTape(*this).take();
    return true;
  });
  if (parcel) ring(queue.departures, 1);
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
  ring(queue.completions, INT_MAX);
}

bool QueueHandle::join_until(const Deadline& deadline) const {
  QueueState& queue = queue_of(state_);
  return try_until(queue, queue.completions, deadline,
                   [&] { return queue.books().unfinished == 0; });
}

void QueueHandle::save(OutputArchive& archive) const {
  put_descriptor(archive, descriptor_);
  put_descriptor(archive, sender_);
  put_descriptor(archive, receiver_);
}

void QueueHandle::load(InputArchive& archive) {
  shared::Object object = shared::take(archive, {shared::Kind::queue}, sizeof(QueueState));
  sender_ = take_descriptor(archive);
  receiver_ = take_descriptor(archive);
  descriptor_ = std::move(object.descriptor);
  state_ = object.memory + shared::state_offset;
}

}  // namespace brood::detail
