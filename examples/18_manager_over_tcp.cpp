// How do two programs, on two machines even, share one queue? A manager listens; the other program,
// the same executable, connects and proves that it has the key. From there on a proxy is a proxy.
#include <brood/brood.hpp>
#include <cstdio>
#include <iostream>

/// Where the programs find what they share: its static objects are the server's.
struct Board {
  using Shared = std::pair<brood::ManagedQueue<int>, brood::ManagedDict<int, int>>;
  static inline Shared pinned;
  void pin_up(Shared shared) { pinned = shared; }
  Shared look() const { return pinned; }
};

void cube(brood::ManagedDict<int, int> cubes, int job) { cubes.set(job, job * job * job); }

int work_there(const std::string& address) {
  std::string key;  // not from the command line, which every user can read
  std::getline(std::cin, key);
  const brood::Manager remote = brood::Manager::connect(address, key);
  const auto [jobs, cubes] = remote.make<Board>().call<&Board::look>();
  brood::Pool pool(2);  // its workers use the proxies, too
  while (const auto job = jobs.get()) pool.apply(cube, cubes, *job);
  return 0;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc > 1) return work_there(argv[1]);

  const std::string key = brood::random_key();  // with it one can run any function of this program
  brood::Manager manager({.address = "127.0.0.1:0", .key = key});
  const auto jobs = manager.queue<int>();
  const auto cubes = manager.dict<int, int>();
  manager.make<Board>().call<&Board::pin_up>(Board::Shared(jobs, cubes));

  std::FILE* const there =
      ::popen(("'" + std::string(argv[0]) + "' " + manager.address()).c_str(), "w");
  std::fputs((key + '\n').c_str(), there);
  std::fflush(there);
  for (int job = 1; job <= 3; ++job) jobs.put(job);
  jobs.close();  // the other program's get() ends when all are taken
  std::cout << "the other program ends with " << ::pclose(there) << '\n';
  for (const auto& [job, cube] : cubes.items()) std::cout << job << ": " << cube << '\n';

  try {
    brood::Manager::connect(manager.address(), "a guess of 16 bytes");
  } catch (const brood::AuthenticationError&) {
    std::cout << "a guess is no key\n";
  }
}

// Prints: the other program ends with 0
// Prints: 1: 1
// Prints: 2: 8
// Prints: 3: 27
// Prints: a guess is no key
