#include "pool/output/worker_output.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include <brood/errors.hpp>
#include "platform/pipe.hpp"
#include "platform/socket.hpp"
#include "protocol/messages.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::pool {

using platform::Transfer;
using protocol::OutputMessage;
using protocol::RunHeader;

namespace {

// Bytes: more than a stream holds. What an element has started may write on for ever.
constexpr std::size_t most_at_end = std::size_t{1} << 20;
constexpr std::size_t chunk_size = std::size_t{64} << 10;
// Not taken yet: more than the results that find room in a page.
constexpr std::size_t most_ended = 8192;
constexpr std::size_t most_ended_bytes = std::size_t{64} << 20;  // or one, where that may be more
constexpr std::size_t most_outlived = 16;

detail::DescriptorRef to_send(platform::Descriptor descriptor) {
  return detail::share_descriptor(std::move(descriptor), detail::SharedDescriptor::Kind::stream);
}

platform::Pipe make_stream() {
  platform::Pipe stream = platform::make_socket_pipe();
  stream.read.set_foreign();
  return stream;
}

// The thread that reads has one, and so has that which looks at a dead worker: both under the lock.
std::array<std::vector<std::byte>, output_streams>& buffers() {
  thread_local std::array<std::vector<std::byte>, output_streams> memory;
  for (std::vector<std::byte>& one : memory) one.resize(chunk_size);
  return memory;
}

}  // namespace

std::shared_ptr<WorkerOutput> WorkerOutput::make(std::string name, bool has_sandbox,
                                                 std::atomic<std::uint64_t>& reads,
                                                 std::vector<detail::DescriptorRef>& sockets) {
  std::shared_ptr<WorkerOutput> made(new WorkerOutput(std::move(name), has_sandbox, reads));
  platform::SocketPair control = platform::make_socket_pair();
  control.ours.set_foreign();
  made->control_ = std::move(control.ours);
  sockets.push_back(to_send(std::move(control.theirs)));
  for (Stream& stream : made->streams_) {
    platform::Pipe pipe = make_stream();
    stream.socket = std::move(pipe.read);
    sockets.push_back(to_send(std::move(pipe.write)));
  }
  return made;
}

bool WorkerOutput::is_captured() const noexcept { return (flags_ & RunHeader::captured) != 0; }

std::string WorkerOutput::prefix() const {
  return "[" + name_ + " #" + std::to_string(index_) + "] ";
}

std::size_t WorkerOutput::limit_of(std::uint64_t sequence) const noexcept {
  const auto next = limits_.upper_bound(sequence);
  return next == limits_.begin() ? 0 : std::prev(next)->second;
}

std::size_t WorkerOutput::largest_limit() const noexcept {
  std::size_t largest = 0;
  for (const auto& [sequence, limit] : limits_) largest = std::max(largest, limit);
  return largest;
}

// Descriptors that come with the bytes are dropped, and the bytes with them.
std::string_view WorkerOutput::read(Stream& stream, Chunk chunk) {
  if (!stream.socket || stream.is_over) return {};
  const Transfer transfer = platform::receive_some(stream.socket.get(), chunk);
  if (transfer.state == Transfer::State::moved)
    return {reinterpret_cast<const char*>(chunk.data()), transfer.count};
  const bool goes_on = transfer.state == Transfer::State::would_block ||
                       transfer.error == EBADMSG || transfer.error == EMFILE;
  stream.is_over = !goes_on;
  // Nothing waits in it, and nothing can be sent to it any more: to close it takes no time.
  if (transfer.state == Transfer::State::closed) stream.socket.set_trusted();
  return {};
}

// The worker looks at the word behind its look at the stream: what has gone from there is told.
std::string_view WorkerOutput::read_current(std::size_t stream) {
  if (!streams_[stream].socket || streams_[stream].is_over) return {};
  reads_word_.store(reads_ + 1);
  const std::string_view come = read(streams_[stream], buffers()[stream]);
  if (!come.empty()) reads_ += 2;
  reads_word_.store(reads_);
  return come;
}

std::optional<OutputMessage> WorkerOutput::next_message() {
  if (!control_) return std::nullopt;
  OutputMessage message;
  const Transfer transfer =
      platform::receive_some(control_.get(), std::as_writable_bytes(std::span(&message, 1)));
  if (transfer.state == Transfer::State::would_block) return std::nullopt;
  using Kind = OutputMessage::Kind;
  const bool makes_sense =
      transfer.state == Transfer::State::moved && transfer.count == sizeof message &&
      (message.kind == Kind::begin || (message.kind == Kind::ended && !answer_behind_));
  if (makes_sense) return message;
  control_.reset();  // a worker that waits for an answer ends
  return std::nullopt;
}

void WorkerOutput::begin(const OutputMessage& message) noexcept {
  flags_ = message.flags;
  index_ = message.index;
}

// What is read before a message was written before it, unless it is the element's first.
void WorkerOutput::serve(PrintQueue& queue) {
  if (has_ended_) return;
  std::array<std::string_view, output_streams> come;
  for (std::size_t i = 0; i < output_streams; ++i) come[i] = read_current(i);
  const std::optional<OutputMessage> message = next_message();
  if (message && message->kind == OutputMessage::Kind::begin) begin(*message);
  for (std::size_t i = 0; i < output_streams; ++i) add(i, come[i], queue);
  if (message && message->kind == OutputMessage::Kind::ended) end_element(*message, queue);
  serve_outlived(queue);
}

void WorkerOutput::add(std::size_t stream, std::string_view bytes, PrintQueue& queue) {
  if (bytes.empty()) return;
  if (is_captured()) {
    if (const std::size_t limit = largest_limit(); limit != 0) tail_.add(bytes, limit);
  } else {
    streams_[stream].lines.add(bytes, prefix(), queue.text[stream]);
  }
}

void WorkerOutput::end_element(const OutputMessage& message, PrintQueue& queue) {
  for (std::size_t i = 0; i < used_streams(); ++i) {
    std::size_t all = 0;
    for (std::string_view come; all < most_at_end; all += come.size()) {
      come = read_current(i);
      if (come.empty()) break;
      add(i, come, queue);
    }
    if (!is_captured()) streams_[i].lines.finish(prefix(), queue.text[i]);
  }
  if (is_captured()) {
    if (message.sequence + 1 < next_end_) return control_.reset();  // they go back
    next_end_ = message.sequence + 1;
    keep(message.sequence);
  }
  answer_behind_ = queue.positions();
}

void WorkerOutput::keep(std::uint64_t sequence) {
  std::string output = tail_.take(limit_of(sequence));
  if (output.empty()) return;
  const std::size_t size = output.size(), most = std::max(largest_limit(), most_ended_bytes);
  while (!ended_.empty() && (ended_.size() >= most_ended || ended_bytes_ + size > most))
    drop_before(ended_.begin()->first + 1);
  detail::ElementOutput& place = ended_[sequence];
  if (place) ended_bytes_ -= place->size();
  place = std::make_shared<const std::string>(std::move(output));
  ended_bytes_ += size;
}

// Without descriptors the worker goes on, and its output goes where it went.
void WorkerOutput::answer(const Console& console) {
  if (!answer_behind_ || (!is_captured() && !console.has_passed(*answer_behind_))) return;
  answer_behind_.reset();
  std::vector<platform::Descriptor> streams;
  try {
    if (!has_sandbox_) streams = renew_streams();
  } catch (const std::exception&) {
  }
  if ((flags_ & RunHeader::separate_calls) == 0) ++index_;
  send_answer(streams);
}

std::vector<platform::Descriptor> WorkerOutput::renew_streams() {
  std::vector<platform::Descriptor> theirs;
  for (std::size_t i = 0; i < used_streams(); ++i) {
    platform::Pipe pipe = make_stream();
    Stream old = std::exchange(streams_[i], Stream{std::move(pipe.read), false, {}});
    theirs.push_back(std::move(pipe.write));
    if (old.is_over) continue;
    if (outlived_.size() == most_outlived) outlived_.pop_front();
    outlived_.push_back({std::move(old), is_captured() ? std::string() : prefix(), i});
  }
  return theirs;
}

void WorkerOutput::send_answer(std::span<const platform::Descriptor> streams) noexcept try {
  if (!control_) return;
  const std::byte yes{1};
  std::array<int, output_streams> numbers{};
  for (std::size_t i = 0; i < streams.size(); ++i) numbers[i] = streams[i].get();
  const platform::SendState state =
      platform::try_send_message(control_.get(), {&yes, 1}, {numbers.data(), streams.size()});
  if (state != platform::SendState::sent) control_.reset();
} catch (const std::exception&) {
  control_.reset();  // a worker that waits for an answer ends
}

void WorkerOutput::serve_outlived(PrintQueue& queue) {
  for (Outlived& one : outlived_) {
    const std::string_view come = read(one.stream, buffers()[0]);
    if (one.prefix.empty()) continue;
    std::string& lines = queue.text[one.number];
    one.stream.lines.add(come, one.prefix, lines);
    if (one.stream.is_over) one.stream.lines.finish(one.prefix, lines);
  }
  std::erase_if(outlived_, [](const Outlived& one) { return one.stream.is_over; });
}

detail::ElementOutput WorkerOutput::take(std::uint64_t sequence) noexcept {
  while (limits_.size() > 1 && std::next(limits_.begin())->first <= sequence)
    limits_.erase(limits_.begin());
  drop_before(sequence);
  const auto found = ended_.extract(sequence);
  if (!found) return nullptr;
  if (found.mapped()) ended_bytes_ -= found.mapped()->size();
  return std::move(found.mapped());
}

void WorkerOutput::drop_before(std::uint64_t sequence) noexcept {
  for (auto first = ended_.begin(); first != ended_.end() && first->first < sequence;) {
    if (first->second) ended_bytes_ -= first->second->size();
    first = ended_.erase(first);
  }
}

// As much as a stream and a few messages take: copies of the worker may go on writing. What was
// read since the last end is of the element that ran: those between had nothing to say.
detail::ElementOutput WorkerOutput::last(std::uint64_t sequence, PrintQueue& queue) {
  for (std::size_t all = 0; all < most_at_end; all += chunk_size) serve(queue);
  if (is_captured() && !answer_behind_ && !ended_.contains(sequence)) keep(sequence);
  return take(sequence);
}

void WorkerOutput::end(PrintQueue& queue) {
  has_ended_ = true;
  control_.reset();
  for (std::size_t i = 0; i < output_streams; ++i) {
    if (!is_captured()) streams_[i].lines.finish(prefix(), queue.text[i]);
    streams_[i] = Stream();
  }
  for (Outlived& one : outlived_) {
    if (!one.prefix.empty()) one.stream.lines.finish(one.prefix, queue.text[one.number]);
  }
  outlived_.clear();
}

void WorkerOutput::watch(std::vector<pollfd>& watched, bool can_print) const {
  const bool reads = is_captured() || can_print;
  const auto add = [&watched](const Stream& stream, bool is_read) {
    if (is_read && stream.socket && !stream.is_over)
      watched.push_back({stream.socket.get(), POLLIN, 0});
  };
  if (control_ && !answer_behind_) watched.push_back({control_.get(), POLLIN, 0});
  for (const Stream& stream : streams_) add(stream, reads && !answer_behind_);
  for (const Outlived& one : outlived_) add(one.stream, one.prefix.empty() || can_print);
}

}  // namespace brood::pool
