#include <brood/init.hpp>

// Linked in by the target brood::main, which also passes --wrap=main to the linker (ld(1)).
extern "C" int __real_main(int argc, char** argv);

extern "C" int __wrap_main(int argc, char** argv) {
  brood::init(argc, argv);
  return __real_main(argc, argv);
}
