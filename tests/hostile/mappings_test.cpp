#include <sys/mman.h>

#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "start/entry.hpp"

// What a worker could write to besides its own memory.
namespace brood::testing::mappings_test {
namespace {

class Mappings : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Mappings);

using Lines = std::vector<std::string>;

/// Shared memory that is mapped in this process: of memfds, and by a name.
Lines shared_mappings() {
  Lines found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::string range, access, offset, device, inode, path;
    fields >> range >> access >> offset >> device >> inode >> path;
    const bool ours = path.starts_with("/memfd:") || path.starts_with("/dev/shm/");
    if (access.ends_with('s') && ours) found.push_back(path);
  }
  return found;
}

/// Keeps its worker until all have been looked at.
Lines look_around(const std::string& mailbox, const std::string& gate) {
  Lines found = shared_mappings();
  Mailbox::send(mailbox, std::to_string(::getpid()));
  Gate::pass(gate);
  return found;
}

/// What each of the `count` workers of a pool has mapped.
std::vector<Lines> in_each_worker(Pool& pool, int count) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  std::vector<AsyncResult<Lines>> looks;
  for (int i = 0; i < count; ++i)
    looks.push_back(pool.apply_async(look_around, mailbox.path(), gate.path()));
  for (int i = 0; i < count; ++i) mailbox.receive();
  gate.open();
  std::vector<Lines> found;
  for (AsyncResult<Lines>& look : looks) found.push_back(look.get());
  return found;
}

// The words and a ring; the same ring again and the other; that again.
const Lines one_page(3, "/memfd:brood-worker");

TEST_P(Mappings, of_workers_of_two_pools_are_one_page_each) {
  Pool one = make_pool(3), other = make_pool(2);
  EXPECT_EQ(in_each_worker(one, 3), std::vector<Lines>(3, one_page));
  EXPECT_EQ(in_each_worker(other, 2), std::vector<Lines>(2, one_page));
}

TEST_P(Mappings, of_replacements_are_one_page_each) {
  Pool other = make_pool(2);
  PoolOptions made = options(2);
  made.max_tasks_per_worker = 1;
  Pool pool(made);
  for (int round = 0; round < 4; ++round)
    EXPECT_EQ(in_each_worker(pool, 2), std::vector<Lines>(2, one_page));
}

std::vector<Lines> in_a_pool_of_its_own(const std::string& method) {
  Pool inner({.workers = 2, .start_method = method});
  std::vector<Lines> found = in_each_worker(inner, 2);
  found.push_back(shared_mappings());
  return found;
}

/// The worker that owns the inner pool has its own page and those of its workers.
TEST_P(Mappings, of_workers_of_a_worker_are_one_page_each) {
  Pool other = make_pool(2), pool = make_pool(2);
  const std::vector<Lines> found = pool.apply(in_a_pool_of_its_own, method());
  EXPECT_EQ(found,
            (std::vector<Lines>{one_page, one_page, Lines(3 * one_page.size(), one_page[0])}));
}

void tell_mappings(const std::string& mailbox) {
  Mailbox::send(mailbox, std::to_string(shared_mappings().size()));
}

TEST_P(Mappings, of_a_process_beside_pools_are_none) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool = make_pool(2);
  Process process({.start_method = method()}, tell_mappings, mailbox.path());
  process.start();
  EXPECT_EQ(mailbox.receive(), "0");
  process.join();
}

/// A task's own fork(2): its copy ends without touching the page.
int fork_and_look() {
  const int pid = ::fork();
  if (pid == 0) ::_exit(static_cast<int>(shared_mappings().size()));
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

TEST_P(Mappings, of_a_process_that_a_task_forks_are_none) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(fork_and_look), 0);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

/// A copy of the owner, with the pool in it, in which other memory has taken the page's place.
TEST_P(Mappings, of_a_copy_of_the_owner_are_left_alone_when_it_destroys_its_pool) {
  auto pool = std::make_unique<Pool>(options(1));
  EXPECT_EQ(pool->apply(square, 2), 4);
  const pid_t copy = ::fork();
  if (copy == 0) {
    constexpr std::size_t size = 1 << 20;
    std::vector<unsigned char*> blocks;
    for (int i = 0; i < 16; ++i) {
      void* const block =
          ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      blocks.push_back(static_cast<unsigned char*>(block));
    }
    pool.reset();
    for (unsigned char* const block : blocks) {
      for (std::size_t i = 0; i < size; i += 4096) block[i] = 1;
    }
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(copy, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(pool->apply(square, 4), 16);
}

std::set<int> open_here() { return descriptors_of("self"); }

TEST_P(Mappings, come_with_no_descriptor_of_another_worker) {
  Pool other = make_pool(2);
  PoolOptions made = options(2);
  made.max_tasks_per_worker = 1;
  Pool pool(made);
  const start::WorkerDescriptors& numbers = start::exec_descriptors;  // but the page's
  std::set<int> own{0, 1, 2, numbers.report, numbers.owner, numbers.descriptor_channel};
  if (method() == "forkserver") own.insert(start::server_socket_descriptor);
  own.insert(numbers.report + 16);  // by which it watches for its owner's end
  for (int round = 0; round < 4; ++round) EXPECT_EQ(pool.apply(open_here), own);
}

int add_one(Value<int> value) {
  value.set(value.get() + 1);
  return static_cast<int>(shared_mappings().size());  // of its page three
}

TEST_P(Mappings, of_shared_objects_that_a_task_is_given_are_there) {
  Value<int> value(1);
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.apply(add_one, value), 4);
  EXPECT_EQ(value.get(), 2);
}

}  // namespace
}  // namespace brood::testing::mappings_test
