#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "manager/manager_fixture.hpp"

// What the program has open when its manager's server starts.
namespace brood::testing {
namespace {

class FilesOfTheOwner : public ManagerTest {};
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

}  // namespace
}  // namespace brood::testing
