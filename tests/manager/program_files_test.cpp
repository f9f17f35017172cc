#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "manager/tcp_fixture.hpp"

// What the program has open when its manager's server starts.
namespace brood::testing::program_files_test {
namespace {

class FilesOfTheOwner : public TcpTest {};
BROOD_FOR_EVERY_METHOD(FilesOfTheOwner);

TEST_P(FilesOfTheOwner, that_are_pipes_end_while_the_server_lives) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // not close-on-exec: an executed server closes it nevertheless
  const Manager manager(manager_options());
  ::close(ends[1]);
  pollfd reader{ends[0], POLLIN, 0};
  const int patience_ms = static_cast<int>(std::chrono::milliseconds(patience).count());
  EXPECT_EQ(::poll(&reader, 1, patience_ms), 1);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
  EXPECT_EQ(manager.value<int>(3).get(), 3);
}

// Its objects may print, but a gateway has none.
TEST_P(FilesOfTheOwner, that_are_its_standard_streams_are_kept_by_no_gateway) {
  const auto client = remote([](const Manager& manager, const Connection&) {
    const std::string files = "/proc/" + std::to_string(manager.pid()) + "/fd/";
    for (const char* const stream : {"1", "2"}) {
      const std::string file = std::filesystem::read_symlink(files + stream);
      if (file != "/dev/null") throw std::runtime_error("it has " + file);
    }
  });
  const Manager manager(listening());
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

}  // namespace
}  // namespace brood::testing::program_files_test
