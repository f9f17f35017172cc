// A client, or any process that has a proxy, may send a request in memory that it goes on changing:
// the server refuses it and serves the others.
#include <fcntl.h>
#include <sys/mman.h>

#include <atomic>
#include <string>
#include <thread>

#include <brood/manager.hpp>
#include "manager/client/channels.hpp"
#include "manager/manager_fixture.hpp"
#include "platform/socket.hpp"
#include "support/shared_bytes.hpp"

namespace brood::testing::memory_test {
namespace {

using ManagerMemory = OneManager;
BROOD_FOR_EVERY_METHOD(ManagerMemory);

struct EnvelopeHeader {  // as in src/shared/envelope.cpp
  std::uint64_t size = 0;
  std::uint32_t in_memory = 0;
  std::uint32_t bundled = 0;
  std::uint64_t count = 0;
};

/// Truncates a file, again and again.
class Shrinker {
 public:
  Shrinker(int file, off_t size)
      : thread_([this, file, size] {
          while (!stop_) {
            static_cast<void>(::ftruncate(file, 0));
            static_cast<void>(::ftruncate(file, size));
          }
        }) {}
  ~Shrinker() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void send_request(const detail::DescriptorRef& lease, int file, std::uint64_t size) {
  constexpr std::uint64_t no_server = 1;  // no other server has its channels
  manager::Channel channel = manager::take_channel(no_server, lease);
  const EnvelopeHeader header{size, 1, 0, 0};
  platform::send_message(channel.socket.get(), std::as_bytes(std::span(&header, 1)), {&file, 1});
  static_cast<void>(platform::receive_message(channel.socket.get(), 30'000));
  manager::discard(std::move(channel));
}

TEST_P(ManagerMemory, a_request_in_memory_that_shrinks_ends_no_server) {
  const auto queue = manager->queue<std::string>();
  const detail::DescriptorRef lease = descriptors_behind(queue).front();
  constexpr off_t size = 1 << 20;
  const platform::Descriptor file(::memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), size), 0);
  {
    const Shrinker shrinker(file.get(), size);
    for (int i = 0; i < 100; ++i) send_request(lease, file.get(), size);
  }
  queue.put(std::string(200'000, 'x'));
  EXPECT_EQ(queue.get()->size(), 200'000U) << "honest large requests are served";
}

TEST_P(ManagerMemory, a_request_in_what_is_no_memory_is_refused_without_waiting) {
  const auto queue = manager->queue<std::string>();
  const detail::DescriptorRef lease = descriptors_behind(queue).front();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const platform::Descriptor reader(ends[0]), writer(ends[1]);
  const platform::Descriptor zeros(::open("/dev/zero", O_RDWR | O_CLOEXEC));
  for (const int file : {reader.get(), writer.get(), zeros.get()})
    send_request(lease, file, 100'000);
  queue.put("x");
  EXPECT_EQ(*queue.get(), "x");
}

}  // namespace
}  // namespace brood::testing::memory_test
