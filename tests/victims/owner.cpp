// owner METHOD MODE DIRECTORY: owns workers that are idle, computing and blocked (MODE flat), whose
// tasks own pools themselves (MODE nested), or that are in a sandbox (MODE sandboxed). Prints the
// pid of each process below it, an empty line, and then waits to be killed.
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

#include <brood/brood.hpp>
#include "support/busy.hpp"
#include "support/events.hpp"
#include "support/processes.hpp"

namespace {
using namespace brood::testing;

int owns_a_pool(const std::string& mailbox, const std::string& method) {
  brood::Pool inner({.workers = 2, .start_method = method});
  auto first = inner.apply_async(computes, mailbox);
  return first.get() + inner.apply(blocks, mailbox);
}

void tell_everybody_and_wait() {
  for (const int pid : descendants_of(::getpid())) std::printf("%d\n", pid);
  std::printf("\n");
  std::fflush(stdout);
  for (;;) ::pause();
}

void flat(const std::string& method, Mailbox& mailbox) {
  brood::Pool pool({.workers = 3, .start_method = method});
  auto computing = pool.apply_async(computes, mailbox.path());
  auto blocked = pool.apply_async(blocks, mailbox.path());
  mailbox.receive();
  mailbox.receive();
  pool.apply([] { return 0; });  // the third is idle
  tell_everybody_and_wait();
}

void sandboxed(const std::string& method) {
  brood::Pool pool({.workers = 2, .start_method = method, .sandbox = brood::Sandbox::compute});
  auto computing = pool.apply_async([] {
    for (;;) static_cast<void>(std::clock());
    return 0;
  });
  pool.apply([] { return 0; });
  tell_everybody_and_wait();
}

void nested(const std::string& method, Mailbox& mailbox) {
  brood::Pool pool({.workers = 2, .start_method = method});
  auto first = pool.apply_async(owns_a_pool, mailbox.path(), method);
  auto second = pool.apply_async(owns_a_pool, mailbox.path(), method);
  mailbox.receive();
  mailbox.receive();
  tell_everybody_and_wait();
}
}  // namespace

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 4) return 2;
  Mailbox mailbox(argv[3] + std::string("/mail"));
  if (std::string_view(argv[2]) == "nested") {
    nested(argv[1], mailbox);
  } else if (std::string_view(argv[2]) == "sandboxed") {
    sandboxed(argv[1]);
  } else {
    flat(argv[1], mailbox);
  }
  return 0;
}
