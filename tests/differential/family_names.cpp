// Names in a family of processes: children, children's children, workers of a pool.
#include <brood/brood.hpp>
#include <iostream>

std::string name() { return brood::current_process().name(); }

std::string line_of(const std::string& method) {
  const auto parent = brood::parent_process();
  return name() + " of " + (parent ? parent->name() : "nobody") + " (" + method + ")";
}

void have_children(const std::string& method, int depth, const brood::Connection& out);

void tell(const std::string& method, int depth, brood::Connection out) {
  out.send(line_of(method));
  if (depth > 0) have_children(method, depth - 1, out);
}

void have_children(const std::string& method, int depth, const brood::Connection& out) {
  for (int i = 0; i < 2; ++i) {
    brood::Process child({.start_method = method}, tell, method, depth, out);
    child.start();
    child.join();
  }
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  std::cout << line_of("main") << '\n';
  for (const std::string method : {"fork", "spawn", "forkserver"}) {
    auto [here, there] = brood::pipe();
    have_children(method, 1, there);
    for (int i = 0; i < 6; ++i) std::cout << here.recv<std::string>().get() << '\n';
  }
  for (const std::string method : {"fork", "spawn", "forkserver"}) {
    brood::Pool pool({.workers = 1, .start_method = method});
    std::cout << "pool: " << pool.apply(name) << '\n';
  }
  brood::set_start_method("fork");
  const brood::Event gate;
  std::vector<brood::Process> children;
  for (int i = 0; i < 2; ++i) children.emplace_back([&gate] { gate.wait(); }).start();
  std::cout << "active:";
  for (const brood::ProcessInfo& child : brood::active_children()) std::cout << ' ' << child.name();
  gate.set();
  for (brood::Process& child : children) child.join();
  std::cout << "\nactive: " << brood::active_children().size() << '\n';
}
