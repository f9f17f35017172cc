#include <brood/shared_memory.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <brood/errors.hpp>
#include <brood/lock.hpp>
#include "shared/children.hpp"
#include "support/faults.hpp"

namespace brood::testing::shared_memory_test {
namespace {

/// With a name that no other test has, free at the end.
class SharedMemoryTest : public LeakCheck {
 protected:
  const std::string name_ = "brood_test_" + std::to_string(::getpid());
  std::string path() const { return "/dev/shm/" + name_; }
};

template <class Body>
int error_of(Body body) {
  try {
    body();
  } catch (const SystemError& error) {
    return error.code().value();
  }
  return 0;
}

TEST_F(SharedMemoryTest, without_a_name_is_zero_bytes_that_forked_processes_share) {
  const SharedMemory memory(5000);
  EXPECT_EQ(memory.size(), 5000U);
  EXPECT_TRUE(std::ranges::all_of(memory, [](std::byte one) { return one == std::byte{0}; }));
  EXPECT_EQ(Child([&] { memory[4999] = std::byte{7}; }).wait(), 0);
  EXPECT_EQ(memory.bytes().back(), std::byte{7});
  EXPECT_EQ(memory.name(), "");
}

TEST_F(SharedMemoryTest, received_is_the_same) {
  const SharedMemory memory(10);
  const SharedMemory other = received(memory);
  EXPECT_EQ(other.data(), memory.data());
  EXPECT_EQ(other.size(), 10U);
  EXPECT_THROW(received(SharedMemory()), CodecError);
}

TEST_F(SharedMemoryTest, has_at_least_one_byte) {
  EXPECT_THROW(SharedMemory(0), UsageError);
  EXPECT_THROW(SharedMemory::create(name_, 0), UsageError);
  EXPECT_TRUE(SharedMemory().empty());
}

TEST_F(SharedMemoryTest, with_a_name_is_opened_by_it) {
  const SharedMemory memory = SharedMemory::create(name_, 100);
  const SharedMemory other = SharedMemory::open(name_);
  EXPECT_EQ(other.size(), 100U);
  EXPECT_EQ(other.name(), name_);
  memory[3] = std::byte{9};
  EXPECT_EQ(other[3], std::byte{9});
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(error_of([&] { SharedMemory::create(name_, 1); }), EEXIST);
  memory.unlink();
  EXPECT_EQ(error_of([&] { SharedMemory::open(name_); }), ENOENT);
  EXPECT_EQ(error_of([&] { SharedMemory::unlink(name_); }), ENOENT);
  EXPECT_EQ(other[3], std::byte{9}) << "the memory stays";
}

TEST_F(SharedMemoryTest, a_name_stays_whoever_exits_or_is_killed) {
  { const SharedMemory memory = SharedMemory::create(name_, 100); }
  EXPECT_EQ(Child([&] { SharedMemory::open(name_)[0] = std::byte{1}; }).wait(), 0);
  Child reader([&] {
    const SharedMemory memory = SharedMemory::open(name_);
    memory[1] = std::byte{2};
    stay();
  });
  const SharedMemory memory = SharedMemory::open(name_);
  while (*static_cast<volatile std::byte*>(memory.data() + 1) != std::byte{2}) ::sched_yield();
  reader.kill();
  EXPECT_EQ(SharedMemory::open(name_)[0], std::byte{1});
  SharedMemory::unlink(name_);
}

TEST_F(SharedMemoryTest, names_that_are_none_are_refused) {
  for (const std::string& bad : {std::string(), std::string("a/b"), std::string("/a"),
                                 std::string(".."), std::string(256, 'x'), std::string("a\0b", 3)})
    EXPECT_THROW(SharedMemory::create(bad, 1), UsageError) << bad;
  EXPECT_EQ(error_of([&] { SharedMemory::create(name_ + std::string(1, '\xff'), 1).unlink(); }), 0);
}

TEST_F(SharedMemoryTest, an_empty_file_of_another_program_is_refused) {
  std::fclose(std::fopen(path().c_str(), "w"));
  EXPECT_EQ(error_of([&] { SharedMemory::open(name_); }), ENODATA);
  SharedMemory::unlink(name_);
}

TEST_F(SharedMemoryTest, that_of_another_user_is_refused_unless_asked_for) {
  if (::geteuid() != 0) GTEST_SKIP() << "may not give a file to another user";
  SharedMemory::create(name_, 10);
  constexpr uid_t another = 54321;
  ASSERT_EQ(::chown(path().c_str(), another, another), 0);
  EXPECT_EQ(error_of([&] { SharedMemory::open(name_); }), EPERM);
  EXPECT_EQ(SharedMemory::open(name_, SharedMemory::Owner::any).size(), 10U);
  SharedMemory::unlink(name_);
}

TEST_F(SharedMemoryTest, what_is_no_plain_file_is_refused_at_once) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { SharedMemory::open(name_); }), ENODATA);
  SharedMemory::unlink(name_);
  ASSERT_EQ(::symlink("/dev/zero", path().c_str()), 0);
  EXPECT_EQ(error_of([&] { SharedMemory::open(name_); }), ELOOP);
  SharedMemory::unlink(name_);
  ASSERT_EQ(::mkdir(path().c_str(), 0700), 0);
  EXPECT_EQ(error_of([&] { SharedMemory::open(name_); }), EISDIR);
  EXPECT_EQ(::rmdir(path().c_str()), 0);
}

TEST_F(SharedMemoryTest, of_another_program_that_is_larger_than_all_memory_is_refused) {
  const int file = ::open(path().c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const bool made = ::ftruncate(file, off_t{1} << 50) == 0;
  ::close(file);
  const int error = made ? error_of([&] { SharedMemory::open(name_); }) : EFBIG;
  EXPECT_NE(error, 0);
  SharedMemory::unlink(name_);
  if (!made) GTEST_SKIP() << "no file may be so large";
}

TEST_F(SharedMemoryTest, a_create_that_fails_at_the_end_leaves_no_name) {
  const Fault fault{"mmap_ENOMEM", faults::Failing<&platform::SystemCalls::mmap>::install, ENOMEM};
  {
    const Injection injection(fault, 1);
    EXPECT_EQ(error_of([&] { SharedMemory::create(name_, 100); }), ENOMEM);
  }
  EXPECT_NE(::access(path().c_str(), F_OK), 0);
}

TEST_F(SharedMemoryTest, more_than_a_file_may_have_is_a_system_error_and_no_signal) {
  Child user([] {
    const rlimit limit{1 << 20, 1 << 20};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const SharedMemory fits(std::size_t{1} << 20);
    return error_of([] { SharedMemory((std::size_t{1} << 20) + 1); }) == EFBIG ? 0 : 2;
  });
  EXPECT_EQ(user.wait(), 0);
}

TEST_F(SharedMemoryTest, no_memory_is_a_system_error_and_leaves_nothing) {
  const Fault fault{"fallocate_ENOSPC", faults::Failing<&platform::SystemCalls::fallocate>::install,
                    ENOSPC};
  {
    const Injection injection(fault, 1);
    EXPECT_EQ(error_of([&] { SharedMemory::create(name_, 100); }), ENOSPC);
  }
  {
    const Injection injection(fault, 2);
    EXPECT_EQ(error_of([&] { SharedMemory(std::size_t{65} << 20); }), ENOSPC);
  }
  EXPECT_NE(::access(path().c_str(), F_OK), 0);
}

TEST_F(SharedMemoryTest, a_full_file_system_is_a_system_error_and_no_sigbus) {
  constexpr int cannot_mount = 77;
  const int result =
      Child([&] {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=1m") != 0)
          return cannot_mount;
        const bool refused =
            error_of([&] { SharedMemory::create(name_, std::size_t{2} << 20); }) == ENOSPC;
        const SharedMemory fits = SharedMemory::create(name_, std::size_t{1} << 19);
        std::memset(fits.data(), 1, fits.size());
        return refused ? 0 : 1;
      }).wait();
  if (result == cannot_mount) GTEST_SKIP() << "may not mount a file system";
  EXPECT_EQ(result, 0);
}

TEST_F(SharedMemoryTest, of_another_program_is_taken_whole_when_it_is_opened) {
  const int file = ::open(path().c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  ASSERT_EQ(::ftruncate(file, 1 << 20), 0);
  ::close(file);
  const Fault fault{"fallocate_ENOSPC", faults::Failing<&platform::SystemCalls::fallocate>::install,
                    ENOSPC};
  {
    const Injection injection(fault, 1);
    EXPECT_EQ(error_of([&] { SharedMemory::open(name_); }), ENOSPC);
  }
  SharedMemory::open(name_);
  const Injection injection(fault, 1);
  EXPECT_EQ(error_of([&] { SharedMemory::open(name_); }), 0) << "it has all of it";
  SharedMemory::unlink(name_);
}

TEST_F(SharedMemoryTest, nothing_is_left_of_what_has_no_name_when_everybody_is_killed) {
  const std::vector<std::string> before = names_in("/dev/shm");
  Child victim([&] {
    const SharedMemory memory(100);
    const Lock lock;
    lock.acquire();
    memory[0] = std::byte{1};
    ::raise(SIGKILL);
  });
  EXPECT_EQ(victim.wait(), -SIGKILL);
  EXPECT_EQ(names_in("/dev/shm"), before);
}

}  // namespace
}  // namespace brood::testing::shared_memory_test
