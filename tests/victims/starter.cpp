// Starts one worker by the method named first and says how that went.
//   --without-init: forgets brood::init; --unlink: deletes the file that it was started from
#include <unistd.h>
#include <cstdio>
#include <cstring>

#include <brood/errors.hpp>
#include <brood/init.hpp>
#include "start/test_worker.hpp"

int main(int argc, char** argv) {
  const char* const option = argc > 2 ? argv[2] : "";
  if (std::strcmp(option, "--without-init") != 0) brood::init(argc, argv);
  if (std::strcmp(option, "--unlink") == 0) ::unlink(argv[0]);
  try {
    const int failed_step = brood::start::start_and_finish(argv[1]);
    std::puts(failed_step == 0 ? "started" : "failed");
    return failed_step;
  } catch (const brood::Error& error) {
    std::puts(error.what());
    return 3;
  }
}
