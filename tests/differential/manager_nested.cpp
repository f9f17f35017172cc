// A manager's objects inside of each other, from several processes.
#include <brood/brood.hpp>
#include <iostream>

struct Account {
  int money;
  explicit Account(int balance) : money(balance) {}
  int add(int amount) {
    if (amount == 0) throw std::invalid_argument("nothing to add");
    return money += amount;
  }
  int balance() const { return money; }
};

using Row = brood::ManagedList<int>;
using Rows = brood::ManagedList<Row>;

void work(std::size_t index, Rows rows, brood::ManagedSpace space, brood::Proxy<Account> account) {
  const Row row = rows.at(index);
  const int number = static_cast<int>(index);
  row.push_back(10 * number);
  row.push_back(20 * number);
  if (index == 1) space.set("title", space.get<std::string>("title") + "!");
  account.call<&Account::add>(100);
}

void print(const char* title, const Row& row) {
  std::cout << title;
  for (const int number : row.items()) std::cout << ' ' << number;
  std::cout << '\n';
}

template <class F>
void attempt(const char* title, F call) try {
  call();
  std::cout << title << ": done\n";
} catch (const std::logic_error&) {  // out_of_range, invalid_argument
  std::cout << title << ": refused\n";
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << std::boolalpha;
  brood::Manager manager;
  const Rows rows = manager.list<Row>();
  for (int i = 0; i < 3; ++i) rows.push_back(manager.list<int>());
  const brood::ManagedSpace space = manager.space();
  space.set("title", "rows");
  space.set("count", 3);
  const auto account = manager.make<Account>(5);
  std::vector<brood::Process> children;
  for (std::size_t i = 0; i < 3; ++i) children.emplace_back(work, i, rows, space, account).start();
  for (brood::Process& child : children) child.join();
  for (const Row& row : rows.items()) print("row:", row);
  std::cout << "namespace: " << space.get<std::string>("title") << ' ' << space.get<int>("count");
  std::cout << "\naccount: " << account.call<&Account::balance>();
  std::cout << " after one more: " << account.call<&Account::add>(1) << '\n';
  attempt("an error of its own", [&] { account.call<&Account::add>(0); });

  const auto table = manager.dict<std::string, Rows>();
  table.set("rows", rows);
  table.at("rows").at(0).push_back(7);
  print("through the dict:", rows.at(0));
  attempt("no such key", [&] { table.at("columns"); });
  std::cout << "without one, nothing: " << table.get("columns").has_value() << '\n';
  attempt("no such index", [&] { rows.at(3); });
  attempt("no such name", [&] { space.get<int>("author"); });
  std::cout << "in it: " << table.contains("rows") << ' ' << table.contains("columns")
            << " size: " << table.size() << '\n';
  std::cout << "popped: " << rows.pop_back().at(1) << " left: " << rows.size() << '\n';
}
