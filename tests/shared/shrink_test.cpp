// A process that has the descriptor of a shared object can call ftruncate(2): no other process gets
// SIGBUS by it. Bytes that come with a descriptor of another kind are refused.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <string>

#include <brood/brood.hpp>
#include "platform/memory_file.hpp"
#include "platform/socket.hpp"
#include "shared/children.hpp"
#include "shared/envelope.hpp"
#include "support/shared_bytes.hpp"

namespace brood::testing::shrink_test {
namespace {

using namespace std::chrono_literals;
using detail::DescriptorRef;
using detail::SharedDescriptor;

/// Truncates what is behind the handle to nothing, and then uses it, in a process of its own.
template <class Make, class Use>
int exit_after_truncation(Make make, Use use) {
  return Child([&] {
           const auto handle = make();
           static_cast<void>(::ftruncate(file_behind(handle), 0));
           try {
             use(handle);
           } catch (const Error&) {
           }
         })
      .wait();
}

using Shrink = LeakCheck;

TEST_F(Shrink, of_a_lock_is_no_signal_for_its_users) {
  EXPECT_EQ(exit_after_truncation([] { return Lock(); }, [](const Lock& lock) { lock.acquire(); }),
            0);
  EXPECT_EQ(
      exit_after_truncation([] { return RLock(); }, [](const RLock& lock) { lock.try_acquire(); }),
      0);
}

TEST_F(Shrink, of_a_value_is_no_signal_for_its_users) {
  EXPECT_EQ(exit_after_truncation([] { return Value<long>(3); },
                                  [](const Value<long>& value) { value.set(value.get() + 1); }),
            0);
}

TEST_F(Shrink, of_an_array_is_no_signal_for_its_users) {
  EXPECT_EQ(exit_after_truncation([] { return Array<int>(100'000); },
                                  [](const Array<int>& array) { array.back() = array.front(); }),
            0);
}

TEST_F(Shrink, of_memory_without_a_name_is_no_signal_for_its_users) {
  EXPECT_EQ(
      exit_after_truncation([] { return SharedMemory(50'000); },
                            [](const SharedMemory& memory) { memory[49'999] = std::byte{1}; }),
      0);
}

TEST_F(Shrink, of_what_one_waits_for_is_no_signal_for_its_users) {
  EXPECT_EQ(exit_after_truncation([] { return Semaphore(1); },
                                  [](const Semaphore& one) { one.acquire(); }),
            0);
  EXPECT_EQ(exit_after_truncation([] { return BoundedSemaphore(1); },
                                  [](const BoundedSemaphore& one) { one.acquire(); }),
            0);
  EXPECT_EQ(exit_after_truncation([] { return Event(); }, [](const Event& one) { one.set(); }), 0);
  EXPECT_EQ(
      exit_after_truncation([] { return Barrier(1); }, [](const Barrier& one) { one.wait(); }), 0);
  EXPECT_EQ(exit_after_truncation([] { return Condition(); },
                                  [](const Condition& one) { one.notify_all(); }),
            0);
}

TEST_F(Shrink, of_a_queue_is_no_signal_for_its_users) {
  EXPECT_EQ(exit_after_truncation(
                [] {
                  Queue<std::string> queue;
                  queue.put(std::string(10, 'x'));
                  queue.put(std::string(300'000, 'x'));  // beyond the ring
                  return queue;
                },
                [](const Queue<std::string>& queue) {
                  queue.put("y");
                  for (int i = 0; i < 3; ++i) static_cast<void>(queue.try_get());
                }),
            0);
}

TEST_F(Shrink, is_refused_by_seals) {
  for (const int file : {file_behind(Lock()), file_behind(Value<int>(1))}) EXPECT_GE(file, 0);
  const Value<int> value(1);
  const int file = file_behind(value);
  EXPECT_EQ(::ftruncate(file, 8), -1);
  EXPECT_EQ(::ftruncate(file, 1 << 20), -1) << "nor does it grow";
  EXPECT_EQ(::fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), -1) << "nor can a sharer freeze it";
  const Queue<int> queue;
  EXPECT_EQ(::ftruncate(file_behind(queue), 8), -1);
}

// --- what arrives ---

/// An end of a connection that says what it likes, and one that is honest.
struct Talk {
  std::pair<Connection, Connection> ends = pipe();
  int socket() const { return ends.first.file_descriptor(); }
};

struct EnvelopeHeader {  // as in src/shared/envelope.cpp
  std::uint64_t size = 0;
  std::uint32_t in_memory = 0;
  std::uint32_t bundled = 0;
  std::uint64_t count = 0;
};

int unsealed_memory(std::size_t size) {
  const int file = ::memfd_create("test", MFD_CLOEXEC);
  EXPECT_EQ(::ftruncate(file, static_cast<off_t>(size)), 0);
  return file;
}

void send_with_memory(int socket, int file, std::uint64_t size) {
  const EnvelopeHeader header{size, 1, 0, 0};
  ASSERT_TRUE(platform::send_message(socket, std::as_bytes(std::span(&header, 1)), {&file, 1}));
}

TEST_F(Shrink, of_a_message_on_its_way_is_no_signal_for_its_reader) {
  Child reader([] {
    Talk talk;
    const std::size_t size = 1 << 20;
    const platform::Descriptor file(unsealed_memory(size));
    send_with_memory(talk.socket(), file.get(), size);
    try {
      std::optional<detail::Envelope> envelope =
          shared::receive_envelope(talk.ends.second.file_descriptor());
      static_cast<void>(::ftruncate(file.get(), 0));
      std::size_t sum = 0;
      for (const std::byte byte : envelope->view()) sum += std::to_integer<std::size_t>(byte);
      return sum == 0 ? 0 : 1;
    } catch (const Error&) {
      return 0;
    }
  });
  EXPECT_EQ(reader.wait(), 0);
}

TEST_F(Shrink, a_message_does_not_change_while_it_is_read) {
  Talk talk;
  const std::size_t size = 1 << 20;
  const platform::Descriptor file(unsealed_memory(size));
  send_with_memory(talk.socket(), file.get(), size);
  try {
    const auto envelope = shared::receive_envelope(talk.ends.second.file_descriptor());
    const char other = 'x';
    static_cast<void>(::pwrite(file.get(), &other, 1, 5));
    EXPECT_EQ(envelope->view()[5], std::byte{0});
  } catch (const CodecError&) {
  }
}

TEST_F(Shrink, a_message_that_says_more_than_there_is_is_refused) {
  Talk talk;
  const platform::Descriptor file(unsealed_memory(100));
  send_with_memory(talk.socket(), file.get(), 200);
  EXPECT_THROW(talk.ends.second.recv<std::string>(), CodecError);
  const platform::Descriptor hole(unsealed_memory(std::size_t{1} << 40));
  send_with_memory(talk.socket(), hole.get(), std::uint64_t{1} << 40);
  EXPECT_THROW(talk.ends.second.recv<std::string>(), CodecError);
}

TEST_F(Shrink, large_messages_arrive_all_the_same) {
  Talk talk;
  const std::string sent(3 << 20, 'q');
  talk.ends.first.send(sent);
  EXPECT_EQ(*talk.ends.second.recv<std::string>(), sent);
}

/// Descriptors that are no memory of a shared object, each with a reason to block or to fail.
std::vector<std::pair<std::string, int>> strangers() {
  std::vector<std::pair<std::string, int>> all;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == 0) {
    all.emplace_back("pipe to read", ends[0]);
    all.emplace_back("pipe to write", ends[1]);
  }
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
    all.emplace_back("stream socket", ends[0]);
    all.emplace_back("its peer", ends[1]);
  }
  for (const char* path :
       {"/dev/zero", "/dev/null", "/proc/self/maps", "/proc/kmsg", "/tmp", "/proc/self/exe"}) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0) all.emplace_back(path, file);
  }
  const int memory = unsealed_memory(1 << 20);
  const std::string path = "/proc/self/fd/" + std::to_string(memory);
  all.emplace_back("memory to read only", ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  all.emplace_back("memory without seals", memory);
  all.emplace_back("empty memory", ::memfd_create("test", MFD_CLOEXEC));
  return all;
}

/// The bytes of a handle, with another token: what a hostile sender makes of them.
template <class Handle>
detail::Bytes with_token(const Handle& handle, SharedDescriptor::Token token) {
  detail::Bytes bytes, honest;
  detail::encode_value(honest, handle);
  bytes.append(honest.data(), honest.size());
  std::memcpy(bytes.data(), &token, sizeof token);
  return bytes;
}

template <class Handle>
void expect_refused(const Handle& handle, const DescriptorRef& stranger, const std::string& what) {
  const detail::Bytes bytes = with_token(handle, stranger->token());
  Reader reader(bytes.view());
  try {
    detail::decode_value<Handle>(reader);
    ADD_FAILURE() << what << " was taken for an object";
  } catch (const CodecError&) {
  } catch (const Error& error) {
    ADD_FAILURE() << what << ": " << error.what();
  }
}

TEST_F(Shrink, a_descriptor_of_another_kind_is_refused) {
  ::alarm(60);
  std::uint64_t number = 0;
  for (const auto& [what, file] : strangers()) {
    const DescriptorRef stranger = detail::receive_descriptor(
        platform::Descriptor(file), SharedDescriptor::Kind::memory, {0x1234'5678'9abc, ++number});
    expect_refused(Lock(), stranger, what);
    expect_refused(Value<int>(1), stranger, what);
    expect_refused(Array<int>(10), stranger, what);
    expect_refused(Queue<int>(), stranger, what);
    expect_refused(Semaphore(1), stranger, what);
    expect_refused(BoundedSemaphore(1), stranger, what);
    expect_refused(Barrier(2), stranger, what);
    expect_refused(Event(), stranger, what);
    expect_refused(SharedMemory(1 << 20), stranger, what);
  }
  ::alarm(0);
}

TEST_F(Shrink, a_socket_of_a_queue_is_a_socket) {
  const Queue<int> queue;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const platform::Descriptor writer(ends[1]);
  const DescriptorRef stranger = detail::receive_descriptor(
      platform::Descriptor(ends[0]), SharedDescriptor::Kind::memory, {0x1234'5678'9abd, 1});
  detail::Bytes bytes;
  detail::encode_value(bytes, queue);
  for (const std::size_t place : {std::size_t{16}, std::size_t{32}}) {
    detail::Bytes changed(bytes.view());
    const SharedDescriptor::Token token = stranger->token();
    std::memcpy(changed.data() + place, &token, sizeof token);
    Reader reader(changed.view());
    EXPECT_THROW(detail::decode_value<Queue<int>>(reader), CodecError);
  }
}

TEST_F(Shrink, a_connection_is_a_socket) {
  Talk talk;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const platform::Descriptor writer(ends[1]);
  const DescriptorRef stranger = detail::receive_descriptor(
      platform::Descriptor(ends[0]), SharedDescriptor::Kind::stream, {0x1234'5678'9abe, 1});
  const detail::Bytes bytes = with_token(talk.ends.first, stranger->token());
  Reader reader(bytes.view());
  EXPECT_THROW(detail::decode_value<Connection>(reader), CodecError);
}

TEST_F(Shrink, a_token_that_is_not_given_out_yet_is_nobodys) {
  // A peer sees tokens and can tell the next one: an object that is made later is not its own.
  const SharedDescriptor::Token last = descriptors_behind(Event()).front()->token();
  std::vector<DescriptorRef> planted;
  for (std::uint64_t i = 1; i <= 8; ++i) {
    try {
      planted.push_back(detail::receive_descriptor(platform::Descriptor(unsealed_memory(4096)),
                                                   SharedDescriptor::Kind::memory,
                                                   {last.high, last.low + i}));
    } catch (const Error&) {
    }
  }
  for (int i = 0; i < 4; ++i) {
    const Lock lock;
    lock.acquire();
    lock.release();
    for (const DescriptorRef& other : planted) EXPECT_NE(descriptors_behind(lock).front(), other);
  }
}

}  // namespace
}  // namespace brood::testing::shrink_test
