#include <fcntl.h>
#include <sys/wait.h>

#include <map>

#include "process/process_fixture.hpp"
#include "support/program.hpp"

// Names, parents and children; which process ends with which.
namespace brood::testing::tree_test {
namespace {

using Tree = ProcessTest;
BROOD_FOR_EVERY_METHOD(Tree);

std::string prefix(const std::string& method) {
  const std::map<std::string, std::string> prefixes{
      {"fork", "Fork"}, {"forkserver", "ForkServer"}, {"spawn", "Spawn"}};
  return prefixes.at(method);
}
/// "SpawnProcess-2:1" -> "2:1".
std::string numbers_of(const std::string& name) { return name.substr(name.find('-') + 1); }

void tells_who_it_is(const std::string& path) {
  const ProcessInfo here = current_process();
  append_line(path, here.name());
  append_line(path, std::to_string(here.pid()));
  append_line(path, here.daemon() ? "daemon" : "joined");
  const auto parent = parent_process();
  append_line(path, parent->name());
  append_line(path, std::to_string(parent->pid()));
  append_line(path, parent->is_alive() ? "alive" : "dead");
  append_line(path, status_field(::getpid(), "Name"));
}

TEST_P(Tree, a_process_knows_who_it_is_and_whose) {
  const Scratch scratch;
  Process process({.name = "a name", .start_method = method(), .daemon = true}, tells_who_it_is,
                  scratch.path("words"));
  process.start();
  process.join();
  const std::vector<std::string> expected{"a name",      std::to_string(process.pid()), "daemon",
                                          "MainProcess", std::to_string(::getpid()),    "alive",
                                          "a name"};
  EXPECT_EQ(lines_of(scratch.path("words")), expected);
  EXPECT_EQ(process.name(), "a name");
  EXPECT_TRUE(process.daemon());
}

TEST_P(Tree, the_main_process_has_no_parent) {
  EXPECT_FALSE(parent_process());
  EXPECT_EQ(current_process().name(), "MainProcess");
  EXPECT_EQ(current_process().pid(), ::getpid());
  EXPECT_FALSE(current_process().daemon());
}

TEST_P(Tree, names_count_on_over_processes_and_workers_as_in_python) {
  const Process first(by_method(), [] {});
  ASSERT_TRUE(first.name().starts_with(prefix(method()) + "Process-")) << first.name();
  const int number = std::stoi(numbers_of(first.name()));
  const Process second(by_method(), [] {});
  EXPECT_EQ(numbers_of(second.name()), std::to_string(number + 1));
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply([] { return current_process().name(); }),
            prefix(method()) + "PoolWorker-" + std::to_string(number + 2));
  EXPECT_EQ(numbers_of(Process([] {}).name()), std::to_string(number + 3));
}

void tells_names(const std::string& path, const std::string& method, int depth) {
  append_line(path, current_process().name());
  if (depth == 0) return;
  for (int i = 0; i < 2; ++i) {
    Process child({.start_method = method}, tells_names, path, method, depth - 1);
    child.start();
    child.join();
    if (child.exit_code() != 0) append_line(path, "failed");
  }
}

TEST_P(Tree, the_names_of_children_of_children_lead_to_them) {
  const Scratch scratch;
  Process top(by_method(), tells_names, scratch.path("words"), method(), 2);
  top.start();
  top.join();
  std::vector<std::string> expected;
  for (const char* const below : {"", ":1", ":1:1", ":1:2", ":2", ":2:1", ":2:2"})
    expected.push_back(top.name() + below);
  EXPECT_EQ(lines_of(scratch.path("words")), expected);
}

void names_in_every_method(const std::string& path) {
  for (const std::string& inner : start_methods()) {
    Process child(
        {.start_method = inner},
        [](const std::string& to) {
          append_line(to, current_process().name() + " of " + parent_process()->name());
        },
        path);
    child.start();
    child.join();
    if (child.exit_code() != 0) append_line(path, "failed");
  }
}

TEST_P(Tree, a_child_may_have_children_of_every_method) {
  const Scratch scratch;
  Process top(by_method(), names_in_every_method, scratch.path("words"));
  top.start();
  top.join();
  const std::string numbers = numbers_of(top.name());
  std::vector<std::string> expected;
  int number = 0;
  for (const std::string& inner : start_methods())
    expected.push_back(prefix(inner) + "Process-" + numbers + ':' + std::to_string(++number) +
                       " of " + top.name());
  EXPECT_EQ(lines_of(scratch.path("words")), expected);
}

TEST_P(Tree, the_default_method_reaches_children) {
  set_start_method("spawn");
  const auto said =
      words_of([](const std::string& path) { append_line(path, get_start_method()); });
  set_start_method(start_methods().front());
  EXPECT_EQ(said.at(0), "spawn");
}

TEST_P(Tree, active_children_are_those_that_run) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool = make_pool(1);  // no brood::Process
  Process first = started(waits_for_ever, mailbox.path());
  Process second(daemon(), waits_for_ever, mailbox.path());
  EXPECT_EQ(active_children().size(), 1U);
  second.start();
  mailbox.receive();
  mailbox.receive();
  const auto running = active_children();
  ASSERT_EQ(running.size(), 2U);
  EXPECT_EQ(running[0].name(), first.name());
  EXPECT_EQ(running[0].pid(), first.pid());
  EXPECT_FALSE(running[0].daemon());
  EXPECT_TRUE(running[1].daemon());
  first.kill();
  ASSERT_TRUE(Watched(first.pid()).ends_within(patience));
  EXPECT_EQ(active_children().size(), 1U);
  EXPECT_EQ(first.exit_code(), -SIGKILL);
  EXPECT_TRUE(first.join_for(0s));
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(Tree, active_children_never_waits_for_strangers) {
  const int stranger = ::fork();
  if (stranger == 0) ::_exit(5);
  ASSERT_TRUE(Watched(stranger).ends_within(patience));
  EXPECT_EQ(code_of([] {}), 0);
  EXPECT_TRUE(active_children().empty());
  int status = 0;
  EXPECT_EQ(::waitpid(stranger, &status, 0), stranger);
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

void has_a_pool(const std::string& path, const std::string& method) {
  Pool pool({.workers = 2, .start_method = method});
  append_line(path, std::to_string(pool.apply(square, 5)));
  append_line(path, pool.apply([] { return current_process().name(); }));
}

TEST_P(Tree, a_process_may_have_a_pool) {
  for (const std::string& inner : start_methods()) {
    const auto said = words_of(has_a_pool, inner);
    ASSERT_EQ(said.size(), 2U);
    EXPECT_EQ(said[0], "25");
    EXPECT_TRUE(said[1].starts_with(prefix(inner) + "PoolWorker-")) << said[1];
    EXPECT_TRUE(contains(said[1], ":")) << said[1];
  }
}

std::vector<std::string> has_a_process(const std::string& method) {
  Process process(
      {.start_method = method}, [](int code) { std::exit(code); }, 6);
  process.start();
  process.join();
  return {current_process().name(), process.name(), std::to_string(process.exit_code().value_or(0)),
          parent_process()->name(), current_process().daemon() ? "daemon" : ""};
}

TEST_P(Tree, a_worker_may_have_a_process) {
  expect_orphans();  // the worker's fork server
  Pool pool = make_pool(1);
  for (const std::string& inner : start_methods()) {
    const std::vector<std::string> said = pool.apply(has_a_process, inner);
    EXPECT_TRUE(said[1].starts_with(prefix(inner) + "Process-" + numbers_of(said[0]) + ':'))
        << said[0] << ' ' << said[1];
    EXPECT_EQ(said[2], "6");
    EXPECT_EQ(said[3], "MainProcess");
    EXPECT_EQ(said[4], "daemon");
  }
}

TEST_P(Tree, a_worker_that_leaves_joins_its_processes) {
  const Scratch scratch;
  Pool pool = make_pool(1);
  pool.apply(
      [](const std::string& path, const std::string& inner) {
        static Process process(
            {.start_method = inner}, [](const std::string& to) { append_line(to, "done"); }, path);
        process.start();
      },
      scratch.path("words"), method());
  pool.close();
  pool.join();
  EXPECT_EQ(lines_of(scratch.path("words")).size(), 1U);
}

void forks_with_an_open_file(const std::string& path) {
  // The worker's own numbers are replaced in what it forks; those of its user's files are not.
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  Process child({.start_method = "fork"}, [file] {
    if (::write(file, "x\n", 2) != 2) std::exit(1);
  });
  child.start();
  child.join();
  if (child.exit_code() != 0) std::exit(3);
}

TEST_P(Tree, a_forked_child_of_any_process_keeps_the_users_files) {
  const Scratch scratch;
  EXPECT_EQ(code_of(forks_with_an_open_file, scratch.path("a")), 0);
  EXPECT_EQ(lines_of(scratch.path("a")).size(), 1U);
  Pool pool = make_pool(1);
  pool.apply(forks_with_an_open_file, scratch.path("b"));
  EXPECT_EQ(lines_of(scratch.path("b")).size(), 1U);
}

TEST_P(Tree, an_owner_that_is_killed_takes_the_whole_tree_along) {
  for (const int signal : {SIGKILL, SIGTERM}) {
    expect_orphans();
    const Scratch scratch;
    Program owner({victim("process_owner"), method(), "tree", scratch.path("")});
    const std::vector<Watched> below = watched_by_lines(owner);
    EXPECT_GE(below.size(), 3U);
    owner.kill(signal);
    EXPECT_EQ(owner.wait(), -signal);
    EXPECT_EQ(left_after(below, patience), std::vector<int>{});
  }
}

}  // namespace
}  // namespace brood::testing::tree_test
