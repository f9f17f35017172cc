// process_owner METHOD MODE DIRECTORY: owns processes. MODE: tree (a child that has a child, and a
// daemon, all waiting: prints the pid of each process below it and an empty line, and waits to be
// killed), stdio (buffered output on both sides), throw, statics (handlers and static objects of
// its own), exit (std::exit with children that no destructor ends).
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include <brood/brood.hpp>
#include "support/events.hpp"
#include "support/processes.hpp"

namespace {
using namespace brood::testing;

void waits(const std::string& mailbox) {
  Mailbox::send(mailbox, "waits");
  for (;;) ::pause();
}
void has_a_child(const std::string& method, const std::string& mailbox) {
  brood::Process child({.start_method = method}, waits, mailbox);
  child.start();
  waits(mailbox);
}

void tree(const std::string& method, const std::string& directory) {
  Mailbox mailbox(directory + "/mail");
  brood::Process above({.start_method = method}, has_a_child, method, mailbox.path());
  brood::Process daemon({.start_method = method, .daemon = true}, waits, mailbox.path());
  above.start();
  daemon.start();
  for (int i = 0; i < 3; ++i) mailbox.receive();
  for (const int pid : descendants_of(::getpid())) std::printf("%d\n", pid);
  std::printf("\n");
  std::fflush(stdout);
  for (;;) ::pause();
}

void prints() {
  std::printf("child printf;");
  std::cout << "child cout;";
}
void prints_and_exits() {
  std::printf("exiting child;");
  std::exit(0);
}
void run(const std::string& method, const char* name, void (*function)()) {
  brood::Process process({.name = name, .start_method = method}, function);
  process.start();
  process.join();
}
void stdio(const std::string& method) {
  std::ios::sync_with_stdio(false);
  std::printf("parent printf;");
  std::cout << "parent cout;";
  run(method, "printer", prints);
  run(method, "exiter", prints_and_exits);
}

struct Speaker {
  ~Speaker() {
    if (made) std::printf("parent's static;");
  }
  bool made = false;
};
Speaker speaker;

void statics(const std::string& method) {
  speaker.made = true;
  std::atexit([] { std::printf("parent's atexit;"); });
  run(method, "child", [] { std::printf("child;"); });
}

[[noreturn]] void exit_with_children(const std::string& method, const std::string& directory) {
  Mailbox mailbox(directory + "/mail");
  brood::Process daemon({.start_method = method, .daemon = true}, waits, mailbox.path());
  daemon.start();
  mailbox.receive();
  brood::Process joined(
      {.start_method = method}, [](const std::string& path) { append_line(path, "joined"); },
      directory + "/words");
  joined.start();
  std::exit(0);
}
}  // namespace

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 4) return 2;
  const std::string method = argv[1], mode = argv[2], directory = argv[3];
  if (mode == "tree") tree(method, directory);
  if (mode == "stdio") stdio(method);
  if (mode == "throw") run(method, "thrower", [] { throw std::runtime_error("a reason"); });
  if (mode == "statics") statics(method);
  if (mode == "exit") exit_with_children(method, directory);
  return 0;
}
