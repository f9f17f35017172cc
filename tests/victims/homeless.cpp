// homeless METHOD DIRECTORY: makes a pool although its current directory is deleted and TMPDIR is
// long and not there.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <brood/brood.hpp>

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 3) return 2;
  const std::string directory = argv[2];
  ::mkdir(directory.c_str(), 0700);
  if (::chdir(directory.c_str()) != 0 || ::rmdir(directory.c_str()) != 0) return 3;
  ::setenv("TMPDIR", ("/" + std::string(200, 'x')).c_str(), 1);
  brood::Pool pool({.workers = 2, .start_method = argv[1]});
  std::printf("%d\n", pool.apply([](int x) { return x * x; }, 5));
  return 0;
}
