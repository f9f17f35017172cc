// What is expensive to load is loaded once in each worker, and lives as long as that.
#include <brood/brood.hpp>
#include <iostream>
#include <map>

/// A model that takes long to load, and cannot be sent.
class Model {
 public:
  explicit Model(const std::string& language)
      : greeting_(language == "de" ? "Guten Tag" : "Hello") {}
  Model(const Model&) = delete;
  std::string greet(const std::string& name) {
    ++calls;
    return greeting_ + ", " + name;
  }
  int calls = 0;

 private:
  std::string greeting_;
};

/// The first parameter is the worker's model.
std::string greet(Model& model, const std::string& name) { return model.greet(name); }

int main(int argc, char** argv) {
  brood::init(argc, argv);
  brood::Pool pool({.workers = 2, .state = brood::state<Model>("de")});
  const std::vector<std::string> names = {"Ada", "Grace", "Barbara"};
  for (const std::string& line : pool.map(greet, names)) std::cout << line << '\n';

  brood::Pool one({.workers = 1, .state = brood::state<Model>("en")});
  one.map(greet, names);
  std::cout << "the one model has been asked "
            << one.apply([] { return brood::this_worker::state<Model>().calls; }) << " times\n";
  try {
    one.apply([] { return brood::this_worker::state<int>(); });
  } catch (const brood::UsageError& error) {
    std::cout << error.what() << '\n';
  }
}

// Prints: Guten Tag, Ada
// Prints: Guten Tag, Grace
// Prints: Guten Tag, Barbara
// Prints: the one model has been asked 3 times
// Prints: brood::this_worker::state: the pool's state is a Model, and no int
