// What may live in a Manager? Dicts of lists, and classes of yours: they are in a process of its
// own, every other process has a proxy, and may put it wherever a value goes: into a task, or into
// another dict.
#include <brood/brood.hpp>
#include <iostream>

using Lines = brood::ManagedList<std::string>;
using Index = brood::ManagedDict<std::string, Lines>;
using Counts = brood::ManagedDict<char, int>;

void count_letters(Counts counts, const std::string& word) {
  for (const char letter : word) counts.update(letter, [](int& n) { ++n; });  // in one step, there
}

/// A class of yours may live there too; its calls run one after the other.
class Account {
 public:
  void deposit(int amount) { balance_ += amount; }
  void withdraw(int amount) {
    if (amount > balance_) throw std::domain_error("there is not that much");
    balance_ -= amount;
  }
  int balance() const { return balance_; }

 private:
  int balance_ = 0;
};

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Manager manager;
  brood::Pool pool(3);

  const Counts counts = manager.dict<char, int>();
  pool.for_each(brood::task(count_letters, counts),
                {std::string("banana"), std::string("bandana")});
  for (const auto& [letter, count] : counts.items()) std::cout << letter << ": " << count << '\n';

  const Index index = manager.dict<std::string, Lines>();
  index.set("eggs", manager.list<std::string>());
  index.at("eggs").push_back("three of them");
  std::cout << "eggs: " << index.at("eggs").at(0) << '\n';

  const auto account = manager.make<Account>();
  account.call<&Account::deposit>(100);
  try {
    account.call<&Account::withdraw>(500);
  } catch (const std::domain_error& error) {
    std::cout << error.what() << ", but " << account.call<&Account::balance>() << '\n';
  }
}

// Prints: a: 6
// Prints: b: 2
// Prints: d: 1
// Prints: n: 4
// Prints: eggs: three of them
// Prints: there is not that much, but 100
