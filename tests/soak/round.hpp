#pragma once

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "soak/caller.hpp"

namespace brood::soak {

inline constexpr std::size_t callers_per_pool = 2;

/// What each caller is at; read when nothing moves any more.
using Doings = std::vector<std::atomic<const char*>>;

/// A few seconds with a pool per start method: callers give it tasks, another thread kills and
/// stalls its workers, and in the end it is closed, terminated or destroyed, beside its callers or
/// after them.
class Round {
 public:
  /// Makes the pools; no thread of the soak's runs then, for the sake of fork.
  Round(Referee& referee, Doings& doings, std::uint64_t seed);
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;
  ~Round();
  void run();

 private:
  struct Arena {
    std::unique_ptr<Pool> pool;
    Referee::Ending ending{false};
    std::atomic<bool> enough{false};
    std::vector<std::thread> callers;
    int starting_killed = 0;
  };
  PoolOptions options(const std::string& method);
  void start_callers();
  void harass();
  void harm_one();
  void kill_the_server();
  void end(Arena& arena);
  void join_callers(Arena& arena);

  Referee& referee_;
  Doings& doings_;
  Dice dice_;
  std::vector<std::unique_ptr<Arena>> arenas_;
  bool server_killed_ = false;
};

}  // namespace brood::soak
