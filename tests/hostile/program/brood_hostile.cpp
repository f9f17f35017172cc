// brood_hostile [--seed N] [--rounds N] [--method M] [--only ATTACK] [--all] [--verbose] [--list]
// Rounds of attacks by tasks on the process that owns their pool, from a seed on. Exit code 1, and
// the seed that repeats it, when something was wrong. scripts/hostile builds and runs it.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <brood/brood.hpp>
#include "hostile/attacks/attack.hpp"
#include "hostile/attacks/attack_campaign.hpp"

namespace brood::hostile {
namespace {

constexpr int rounds_per_pool = 4;

struct Settings {
  Plan first;
  int rounds = 100;
  bool list = false;
};

Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string {
      if (++i == argc) throw std::invalid_argument(word + " needs a value");
      return argv[i];
    };
    if (word == "--seed") {
      settings.first.seed = std::stoull(value());
    } else if (word == "--rounds") {
      settings.rounds = std::stoi(value());
    } else if (word == "--method") {
      settings.first.method = value();
    } else if (word == "--only") {
      settings.first.only = attack_named(value());
    } else if (word == "--all") {
      settings.first.all = true;
    } else if (word == "--verbose") {
      settings.first.verbose = true;
    } else if (word == "--list") {
      settings.list = true;
    } else {
      throw std::invalid_argument("unknown: " + word);
    }
  }
  return settings;
}

void list_attacks() {
  for (const Attack& attack : attacks().subspan(1))
    std::printf("%-22s %s\n", attack.name, attack.left_out == nullptr ? "" : attack.left_out);
}

// A pool for a few rounds, then another one: each has a seed, the next number.
int run(const Settings& settings) {
  int failed = 0, pools = 0;
  for (int done = 0; done < settings.rounds && failed < 3; done += rounds_per_pool, ++pools) {
    Plan plan = settings.first;
    plan.seed += static_cast<std::uint64_t>(pools);
    plan.rounds = rounds_per_pool;
    const auto methods = start_methods();
    if (plan.method.empty()) plan.method = methods[plan.seed % methods.size()];
    if (!carry_out_apart(plan)) ++failed;
  }
  std::printf("hostile: %s; %d rounds from seed %" PRIu64 "\n", failed == 0 ? "passed" : "FAILED",
              settings.rounds, settings.first.seed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace brood::hostile

int main(int argc, char** argv) {
  brood::init(argc, argv);
  try {
    const brood::hostile::Settings settings = brood::hostile::parse(argc, argv);
    if (!settings.list) return brood::hostile::run(settings);
    brood::hostile::list_attacks();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "brood_hostile: %s\n", error.what());
    return 2;
  }
}
