// How do two programs, on two machines even, share one queue? A manager listens; the other program,
// which must be the same one, connects and proves that it has the key. From there on a proxy is a
// proxy.
#include <brood/brood.hpp>
#include <cstdio>
#include <iostream>
#include <random>

/// Where the programs find what they share: its static objects are the server's.
struct Board {
  static inline brood::ManagedQueue<int> jobs;
  static inline brood::ManagedDict<int, std::string> done;

  void pin_up(brood::ManagedQueue<int> all_jobs, brood::ManagedDict<int, std::string> all_done) {
    jobs = all_jobs;
    done = all_done;
  }
  brood::ManagedQueue<int> the_jobs() const { return jobs; }
  brood::ManagedDict<int, std::string> the_done() const { return done; }
};

/// Long and random: who has it can run any function of this program in the server.
std::string new_key() {
  std::random_device random;
  std::string key;
  for (int i = 0; i < 8; ++i) key += std::to_string(random());
  return key;
}

void cube(brood::ManagedDict<int, std::string> done, int job) {
  done.set(job, std::to_string(job * job * job));
}

int work_there(const std::string& address) {
  std::string key;
  std::getline(std::cin, key);  // not from the command line, which everybody can read
  const brood::Manager remote = brood::Manager::connect(address, key);
  const auto board = remote.make<Board>();
  const auto jobs = board.call<&Board::the_jobs>();
  const auto done = board.call<&Board::the_done>();
  brood::Pool pool(2);  // its workers use the proxies, too
  while (const auto job = jobs.get()) pool.apply(cube, done, *job);
  return 0;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc > 1) return work_there(argv[1]);

  const std::string key = new_key();
  brood::Manager manager({.address = "127.0.0.1:0", .key = key});
  const auto jobs = manager.queue<int>();
  const auto done = manager.dict<int, std::string>();
  manager.make<Board>().call<&Board::pin_up>(jobs, done);

  const std::string command = std::string("'") + argv[0] + "' " + manager.address();
  std::FILE* const there = ::popen(command.c_str(), "w");
  std::fprintf(there, "%s\n", key.c_str());
  std::fflush(there);
  for (int job = 1; job <= 4; ++job) jobs.put(job);
  jobs.close();  // the other program's get() ends when all are taken
  std::cout << "the other program ends with " << ::pclose(there) << '\n';
  for (const auto& [job, result] : done.items()) std::cout << job << ": " << result << '\n';

  try {
    brood::Manager::connect(manager.address(), "a guess");
  } catch (const brood::AuthenticationError&) {
    std::cout << "a guess is no key\n";
  }
}

// Prints: the other program ends with 0
// Prints: 1: 1
// Prints: 2: 8
// Prints: 3: 27
// Prints: 4: 64
// Prints: a guess is no key
