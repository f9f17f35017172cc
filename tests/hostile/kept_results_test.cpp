#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hostile/raw_results.hpp"
#include "pool/pool_fixture.hpp"
#include "support/few_descriptors.hpp"
#include "support/raw_message.hpp"

// Results of a hostile worker that the program keeps for long.
namespace brood::testing::kept_results_test {
namespace {

/// The message that brings one descriptor of a shared object under this token.
struct OneToken {
  std::uint64_t group = 0, count = 1, high = 0xbad, low = 0;
  std::uint32_t kind = 0, unused = 0;
};

std::string brings_descriptors(std::uint64_t first, int count) {
  const int memory = ::memfd_create("beside", MFD_CLOEXEC);
  for (int i = 0; i < count; ++i) {
    const OneToken message{.low = first + static_cast<std::uint64_t>(i)};
    if (!send_raw(channel_socket, &message, sizeof message, {&memory, 1}, 0)) ::_exit(3);
    if (!write_frame(protocol::Type::attached)) ::_exit(4);
  }
  return "text";
}

class KeptResults : public PoolTest {};
BROOD_FOR_EVERY_METHOD(KeptResults);

TEST_P(KeptResults, that_bring_descriptors_leave_the_program_room_for_its_own) {
  Pool hostile = make_pool(1), innocent = make_pool(1);
  innocent.apply(square, 3);
  constexpr int calls = 8, for_each = 100;
  const FewDescriptors few(600);
  std::vector<AsyncResult<std::string>> kept;
  for (std::uint64_t i = 0; i < calls; ++i) {
    kept.push_back(
        hostile.with({.timeout = patience}).apply_async(brings_descriptors, 1000 * i, for_each));
    kept.back().wait();
  }
  std::vector<platform::Descriptor> opened;
  for (int i = 0; i < 80; ++i) {
    opened.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(opened.back()) << i;
  }
  EXPECT_EQ(innocent.apply(square, 4), 16);
}

}  // namespace
}  // namespace brood::testing::kept_results_test
