// Some processes make work and others do it: how do they meet, and how do the others learn that no
// more will come? At a queue with room for a few; close() ends it for all of them.
#include <brood/brood.hpp>
#include <iostream>

void produce(int first, int last, brood::Queue<int> queue) {
  for (int number = first; number <= last; ++number) queue.put(number);  // waits while it is full
}

void consume(brood::Queue<int> queue, brood::Value<int> count, brood::Value<int> total) {
  while (const auto number = queue.get()) {  // nothing, when the queue is closed and empty
    count.update([](int n) { return n + 1; });
    total.update([&](int sum) { return sum + *number; });
  }
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Queue<int> queue(4);
  brood::Value<int> count(0), total(0);
  std::vector<brood::Process> producers, consumers;
  for (const int first : {1, 51}) producers.emplace_back(produce, first, first + 49, queue).start();
  for (int i = 0; i < 3; ++i) consumers.emplace_back(consume, queue, count, total).start();
  for (brood::Process& producer : producers) producer.join();
  std::cout << "producers are done\n";
  queue.close();
  for (brood::Process& consumer : consumers) consumer.join();
  std::cout << "consumed " << count.get() << " numbers, their sum is " << total.get() << '\n';
}

// Prints: producers are done
// Prints: consumed 100 numbers, their sum is 5050
