#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "process/process_fixture.hpp"
#include "support/program.hpp"

// What happens at the end of a process, in which order, and what does not.
namespace brood::testing::exit_test {
namespace {

class Exit : public ProcessTest {
 protected:
  // What the victim prints. Its fork server ends a moment after it.
  std::string output_of(const std::string& mode, const std::string& directory = "/") {
    expect_orphans();
    Program program({victim("process_owner"), method(), mode, directory});
    const std::string said = program.rest();
    EXPECT_EQ(program.wait(), 0);
    return said;
  }
};
BROOD_FOR_EVERY_METHOD(Exit);

std::string words_path;  // in the child
void says(const char* word) { append_line(words_path, word); }

void registers_hooks(const std::string& path) {
  words_path = path;
  std::atexit([] { says("atexit 1"); });
  at_worker_exit([] { says("hook 2"); });
  std::atexit([] { says("atexit 3"); });
  at_worker_exit([] { throw std::runtime_error("a hook may throw"); });
  says("runs");
}

const std::vector<std::string> in_reverse{"runs", "atexit 3", "hook 2", "atexit 1"};

TEST_P(Exit, hooks_run_last_one_first_when_the_callable_returns) {
  EXPECT_EQ(words_of(registers_hooks), in_reverse);
}

TEST_P(Exit, hooks_run_when_it_throws_or_exits) {
  const Scratch scratch;
  EXPECT_EQ(code_of(
                [](const std::string& path) {
                  registers_hooks(path);
                  throw std::runtime_error("on purpose");
                },
                scratch.path("thrown")),
            1);
  EXPECT_EQ(lines_of(scratch.path("thrown")), in_reverse);
  EXPECT_EQ(code_of(
                [](const std::string& path) {
                  registers_hooks(path);
                  std::exit(6);
                },
                scratch.path("exited")),
            6);
  EXPECT_EQ(lines_of(scratch.path("exited")), in_reverse);
}

TEST_P(Exit, static_objects_of_the_child_are_destroyed) {
  struct Speaker {
    ~Speaker() { says("destroyed"); }
  };
  const auto makes_one = [](const std::string& path) {
    words_path = path;
    static const Speaker speaker;
  };
  EXPECT_EQ(words_of(makes_one), std::vector<std::string>{"destroyed"});
}

/// Of a program that goes on reading: a thread that waits for the stream's lock waits for ever.
void leaves_a_thread_in_a_stream() {
  static int ends[2];
  if (::pipe(ends) != 0) std::exit(2);
  std::FILE* const input = ::fdopen(ends[0], "r");
  std::thread([input] { std::fgetc(input); }).detach();
  while (::ftrylockfile(input) == 0) {  // until it is in there
    ::funlockfile(input);
    std::this_thread::yield();
  }
}

TEST_P(Exit, waits_for_no_stream_that_a_thread_reads) {
  EXPECT_EQ(code_of(leaves_a_thread_in_a_stream), 0);
  Pool pool = make_pool(1);
  pool.apply(leaves_a_thread_in_a_stream);
  pool.close();
  pool.join();
}

TEST_P(Exit, leaves_the_place_where_its_parent_reads_and_writes_what_is_open) {
  const Scratch scratch;
  std::FILE* const parents = std::fopen(scratch.path("lines").c_str(), "w+");
  for (int i = 0; i < 100; ++i) std::fprintf(parents, "line %d\n", i);
  std::rewind(parents);
  EXPECT_EQ(std::fgetc(parents), 'l');
  const auto place = ::lseek(::fileno(parents), 0, SEEK_CUR);
  EXPECT_GT(place, 100);
  const auto writes = [](const std::string& path) {
    std::fputs("written", std::fopen(path.c_str(), "w"));
  };
  EXPECT_EQ(code_of(writes, scratch.path("by_process")), 0);
  Pool pool = make_pool(1);
  pool.apply(writes, scratch.path("by_worker"));
  pool.close();
  pool.join();
  EXPECT_EQ(::lseek(::fileno(parents), 0, SEEK_CUR), place);
  std::fclose(parents);
  for (const char* const name : {"by_process", "by_worker"})
    EXPECT_EQ(lines_of(scratch.path(name)), std::vector<std::string>{"written"}) << name;
}

TEST_P(Exit, its_children_are_joined_and_its_daemons_ended) {
  const auto has_children = [](const std::string& path, const std::string& method) {
    words_path = path;
    const Scratch scratch;
    Mailbox mailbox(scratch.path("mail"));
    // On the heap: no destructor ends them.
    auto* const joined = new Process(
        {.start_method = method}, [](const std::string& to) { append_line(to, "joined"); }, path);
    auto* const ended =
        new Process({.start_method = method, .daemon = true}, waits_for_ever, mailbox.path());
    ended->start();
    mailbox.receive();
    joined->start();
    std::atexit([] { says("atexit"); });
  };
  const auto said = words_of(has_children, method());
  EXPECT_EQ(said.size(), 2U);
}

TEST_P(Exit, stdin_is_empty) {
  const auto tells_stdin = [](const std::string& path) {
    append_line(path, std::filesystem::read_symlink("/proc/self/fd/0").string());
    append_line(path, std::getchar() == EOF ? "end" : "more");
  };
  EXPECT_EQ(words_of(tells_stdin), (std::vector<std::string>{"/dev/null", "end"}));
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST_P(Exit, stdio_is_flushed_exactly_once) {
  const std::string said = output_of("stdio");
  for (const char* const part :
       {"parent printf;", "parent cout;", "child printf;", "child cout;", "exiting child;"})
    EXPECT_EQ(count_of(said, part), 1U) << part << " in: " << said;
}

TEST_P(Exit, an_exception_is_told_on_stderr) {
  const std::string said = output_of("throw");
  EXPECT_TRUE(contains(said, "Process thrower: std::runtime_error: a reason")) << said;
}

TEST_P(Exit, nothing_of_the_parents_is_run_or_destroyed_in_the_child) {
  const std::string said = output_of("statics");
  EXPECT_EQ(count_of(said, "parent's static;"), 1U) << said;
  EXPECT_EQ(count_of(said, "parent's atexit;"), 1U) << said;
  EXPECT_TRUE(contains(said, "child;")) << said;
}

TEST_P(Exit, std_exit_in_the_owner_joins_children_and_ends_daemons) {
  const Scratch scratch;
  EXPECT_EQ(output_of("exit", scratch.path("")), "");
  EXPECT_EQ(lines_of(scratch.path("words")), std::vector<std::string>{"joined"});
}

}  // namespace
}  // namespace brood::testing::exit_test
