// What a worker sees of a global that main has changed, by start method; and what was serialized.
#include <unistd.h>

#include <brood/brood.hpp>
#include <cstdint>
#include <cstdio>

int setting = 1;    // main makes it 2 before the pools, a task makes it 3
int preloaded = 0;  // the preload hook makes it the id of the process that it runs in

struct Counted {  // counts how often its values became bytes, and how often bytes became a value
  static inline int encoded = 0, decoded = 0;
  template <class Archive>
  void save(Archive&) const {
    ++encoded;
  }
  template <class Archive>
  void load(Archive&) {
    ++decoded;
  }
};
struct Seen {
  int setting, preloaded, pid, decoded;
  std::uintptr_t address;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(setting, preloaded, pid, decoded, address);
  }
};

Seen look(const Counted&) {
  const int found = setting;
  setting = 3;  // in the worker's own memory
  return {found, preloaded, getpid(), Counted::decoded, reinterpret_cast<std::uintptr_t>(&setting)};
}

void preload() { preloaded = getpid(); }

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::set_forkserver_preload({preload});
  setting = 2;
  std::puts("method      worker finds  its address  main has after  encoded/decoded  preload ran");
  for (const std::string& method : brood::start_methods()) {
    Counted::encoded = 0;
    brood::Pool pool({.workers = 1, .start_method = method});
    const Seen seen = pool.apply(look, Counted());
    const bool same = seen.address == reinterpret_cast<std::uintptr_t>(&setting);
    const char* const ran = seen.preloaded == 0          ? "nowhere"
                            : seen.preloaded == seen.pid ? "in the worker"
                                                         : "in the server";
    std::printf("%-10s  %12d  %-11s  %14d  %13d/%d  %s\n", method.c_str(), seen.setting,
                same ? "as in main" : "another", setting, Counted::encoded, seen.decoded, ran);
  }
}

// Prints: method      worker finds  its address  main has after  encoded/decoded  preload ran
// Prints: forkserver             1  another                   2              1/1  in the server
// Prints: fork                   2  as in main                2              1/1  nowhere
// Prints: spawn                  1  another                   2              1/1  nowhere
