#include "worker/replay_main.hpp"

#include <cstdio>
#include <exception>

#include <brood/replay.hpp>
#include "base/module.hpp"
#include "wire/exception.hpp"

namespace brood::worker {

int replay_main(const std::string& file) noexcept try {
  base::set_loading(base::Loading::allowed);  // as in the worker
  const Replay replayed = replay(file);
  std::printf("brood: element %zu %s\nbrood: when it was saved: %s\n", replayed.index(),
              replayed.str().c_str(), replayed.outcome_then().c_str());
  std::fflush(stdout);
  return replayed.has_value() ? replay_returned : replay_threw;
} catch (...) {
  try {
    std::fprintf(stderr, "brood: %s cannot be run again: %s\n", file.c_str(),
                 wire::describe_exception(std::current_exception()).c_str());
  } catch (...) {  // no memory for the text
  }
  return replay_impossible;
}

}  // namespace brood::worker
