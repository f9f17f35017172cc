// Queues with and without a limit, and one that knows what has been done.
#include <brood/brood.hpp>
#include <iostream>

#include "refused.hpp"

using namespace std::chrono_literals;

template <class Numbers>
void put_in(Numbers numbers, const std::vector<int>& values) {
  for (const int value : values) numbers.put(value);
}

void work(brood::JoinableQueue<int> numbers, brood::Value<int> total) {
  while (const auto number = numbers.get()) {
    total.update([&](int sum) { return sum + *number; });
    numbers.task_done();
  }
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  brood::Queue<std::string> small(2);
  std::cout << "get from an empty one: " << small.try_get().has_value() << ' '
            << small.get_for(10ms).has_value() << '\n';
  small.put("a");
  std::cout << "full: " << small.full() << " size: " << small.size() << '\n';
  small.put("b");
  std::cout << "full: " << small.full() << " size: " << small.size() << '\n';
  std::cout << "put into a full one: " << small.try_put("c") << ' ' << small.put_for("c", 10ms)
            << '\n';
  std::cout << "get: " << small.get().get() << ' ' << small.get().get() << '\n';
  std::cout << "empty: " << small.empty() << " full: " << small.full() << '\n';
  small.close();
  std::cout << "put into a closed one: " << !refused([&] { small.put("d"); }) << '\n';

  brood::SimpleQueue<int> simple;
  brood::Process child(put_in<brood::SimpleQueue<int>>, simple, std::vector{1, 2, 3});
  child.start();
  std::cout << "from a child, in its order:";
  for (int i = 0; i < 3; ++i) std::cout << ' ' << simple.get().get();
  std::cout << "\nempty: " << simple.empty() << '\n';

  brood::JoinableQueue<int> jobs;
  brood::Value<int> total(0);
  std::cout << "task_done without a task: " << !refused([&] { jobs.task_done(); }) << '\n';
  std::vector<brood::Process> workers;
  for (int i = 0; i < 2; ++i) workers.emplace_back(work, jobs, total).start();
  put_in(jobs, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  jobs.join();
  std::cout << "all done, total: " << total.get() << '\n';
  jobs.close();
}
