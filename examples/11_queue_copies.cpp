// I put an object into a queue and changed it afterwards: which does the consumer see? The one that
// was put. What goes through a queue is a copy, made when put() is called, and so is what comes
// out.
#include <brood/brood.hpp>
#include <iostream>

using Basket = std::map<std::string, int>;

void eat(brood::Queue<Basket> queue, brood::Event taken, brood::Event changed) {
  Basket basket = queue.get();
  std::cout << "the child got " << basket["apples"] << " apples" << std::endl;
  taken.set();
  changed.wait();
  std::cout << "the child still has " << basket["apples"] << '\n';
  basket["apples"] = 0;
  std::cout << "the child eats them: it has " << basket["apples"] << '\n';
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Queue<Basket> queue;
  brood::Event taken, changed;  // the queue and the events are one for both, the basket is not
  brood::Process child(eat, queue, taken, changed);
  child.start();
  Basket basket{{"apples", 3}};
  queue.put(basket);
  taken.wait();  // for the order of the lines: put() had made its copy before
  basket["apples"] = 5;
  std::cout << "main has " << basket["apples"] << " now" << std::endl;
  changed.set();
  child.join();
  std::cout << "main still has " << basket["apples"] << '\n';
}

// Prints: the child got 3 apples
// Prints: main has 5 now
// Prints: the child still has 3
// Prints: the child eats them: it has 0
// Prints: main still has 5
