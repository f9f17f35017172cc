#include <dlfcn.h>
#include <linked.hpp>

#include <functional>

#include "pool/pool_fixture.hpp"

namespace brood::testing::task_kinds_test {
namespace {

class TaskKinds : public PoolTest {};
BROOD_FOR_EVERY_METHOD(TaskKinds);

struct Account {
  std::string owner;
  int balance = 0;
  int after(int deposit) const { return balance + deposit; }
  int raised(int amount) {
    balance += amount;
    return balance;
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(owner, balance);
  }
};
struct Animal {
  virtual ~Animal() = default;
  virtual std::string sound(int times) const {
    return std::string(static_cast<std::size_t>(times), '?');
  }
  template <class Archive>
  void serialize(Archive&) {}
};
struct Dog : Animal {
  std::string sound(int times) const override {
    return std::string(static_cast<std::size_t>(times), 'w');
  }
};
struct Polynomial {
  std::vector<int> coefficients;
  int operator()(int x) const {
    int value = 0;
    for (const int c : coefficients) value = value * x + c;
    return value;
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(coefficients);
  }
};
struct Counter {
  int count = 0;
  int operator()(int) { return ++count; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(count);
  }
};
int linear(int a, int b, int x) { return a * x + b; }
int overloaded(int x) { return x + 1; }
[[maybe_unused]] int overloaded(double) { return -1; }
template <int N>
int plus(int x) {
  return x + N;
}
int apply_bound(Task<int (*)(int, int, int), int, int> f, int x) { return f(x); }

TEST_P(TaskKinds, functions_and_instances_of_function_templates) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(square, 5), 25);
  EXPECT_EQ(pool.apply(&square, 5), 25);
  EXPECT_EQ(pool.apply(plus<3>, 5), 8);
  EXPECT_EQ(pool.apply(static_cast<int (*)(int)>(overloaded), 5), 6);
}

TEST_P(TaskKinds, captureless_and_generic_lambdas) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply([](int x) { return x + 1; }, 1), 2);
  const auto twice = [](const auto& x) { return x + x; };
  EXPECT_EQ(pool.apply(twice, 4), 8);
  EXPECT_EQ(pool.apply(twice, std::string("ab")), "abab");
  EXPECT_EQ(pool.map(twice, std::vector{1.5, 2.5}), (std::vector{3.0, 5.0}));
  EXPECT_EQ(pool.apply([](auto... xs) { return (xs + ...); }, 1, 2, 3), 6);
}

TEST_P(TaskKinds, pointers_to_members) {
  Pool pool = make_pool(1);
  const Account account{"a", 10};
  EXPECT_EQ(pool.apply(&Account::after, account, 5), 15);
  EXPECT_EQ(pool.apply(&Account::raised, account, 7), 17);
  EXPECT_EQ(pool.apply(&Account::balance, account), 10);
  EXPECT_EQ(pool.map(&Account::owner, std::vector<Account>{{"x", 1}, {"y", 2}}),
            (std::vector<std::string>{"x", "y"}));
}

TEST_P(TaskKinds, pointers_to_virtual_members_call_the_overrider) {
  Pool pool = make_pool(1);
  std::string (Animal::*sound)(int) const = &Animal::sound;
  EXPECT_EQ(pool.apply(sound, Animal(), 2), "??");
  EXPECT_EQ(pool.apply(sound, Dog(), 3), "www");
}

TEST_P(TaskKinds, function_objects_with_state) {
  Pool pool = make_pool(2);
  const Polynomial polynomial{{1, 2, 3}};
  EXPECT_EQ(pool.apply(polynomial, 2), 11);
  EXPECT_EQ(pool.map(polynomial, std::vector{0, 1, 2}), (std::vector{3, 6, 11}));
  EXPECT_EQ(pool.apply(std::plus<>(), 2, 3), 5);
}

TEST_P(TaskKinds, function_objects_are_copies_of_the_callers) {
  Pool pool = make_pool(1);
  Counter counter{10};
  EXPECT_EQ(pool.apply(counter, 0), 11);
  EXPECT_EQ(pool.apply(counter, 0), 11);
  EXPECT_EQ(counter.count, 10);
}

TEST_P(TaskKinds, bound_calls) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.apply(task(linear, 2, 1), 10), 21);
  EXPECT_EQ(pool.apply(task(linear, 2, 1, 10)), 21);
  EXPECT_EQ(pool.map(task(linear, 2, 1), std::vector{0, 1, 2}), (std::vector{1, 3, 5}));
  EXPECT_EQ(pool.apply(task(&Account::after, Account{"a", 1}), 2), 3);
  const auto greeting = [](const std::string& a, const std::string& b) { return a + " " + b; };
  EXPECT_EQ(pool.apply(task(greeting, "hello"), "world"), "hello world");
  EXPECT_EQ(pool.map(task(Polynomial{{1, 0}}), std::vector{7}), std::vector{7});
}

TEST_P(TaskKinds, bound_calls_nest_and_travel_as_arguments) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(task(task(linear, 3), 4), 5), 19);
  EXPECT_EQ(pool.apply(apply_bound, task(linear, 2, 1), 10), 21);
  EXPECT_EQ(pool.apply(task(apply_bound, task(linear, 2, 1)), 10), 21);
}

TEST_P(TaskKinds, copied_lambdas) {
  Pool pool = make_pool(2);
  int factor = 3;
  const double shift = 0.5;
  EXPECT_EQ(pool.apply(copied([factor, shift](int x) { return factor * x + shift; }), 2), 6.5);
  EXPECT_EQ(pool.map(copied([factor](int x) { return factor * x; }), std::vector{1, 2}),
            (std::vector{3, 6}));
  int count = 0;
  EXPECT_EQ(pool.apply(copied([count]() mutable { return ++count; })), 1);
}

TEST_P(TaskKinds, tasks_of_a_library_linked_at_start) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(linked::triple, 5), 15);
  linked::Scaler scaler;
  scaler.factor = 4;
  EXPECT_EQ(pool.apply(&linked::Scaler::scaled, scaler, 5), 20);
  EXPECT_EQ(pool.apply(&linked::Scaler::offset, scaler, 5), 9);
}

TEST_P(TaskKinds, tasks_of_a_library_opened_before_the_pool_was_made) {
  void* const library = ::dlopen(POOL_PLUGINS "/pool_opened.so", RTLD_NOW);
  ASSERT_NE(library, nullptr) << ::dlerror();
  const auto quadruple = reinterpret_cast<int (*)(int)>(::dlsym(library, "quadruple"));
  {
    Pool pool = make_pool(1);
    EXPECT_EQ(pool.apply(quadruple, 5), 20);
    EXPECT_EQ(pool.map(quadruple, std::vector{1, 2}), (std::vector{4, 8}));
  }
  ::dlclose(library);
}

TEST_P(TaskKinds, tasks_of_a_library_opened_after_the_pool_was_made) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(square, 2), 4);
  void* const library = ::dlopen(POOL_PLUGINS "/pool_opened.so", RTLD_NOW);
  ASSERT_NE(library, nullptr) << ::dlerror();
  const auto quadruple = reinterpret_cast<int (*)(int)>(::dlsym(library, "quadruple"));
  EXPECT_EQ(pool.apply(quadruple, 5), 20);
  EXPECT_EQ(pool.apply(square, 2), 4);
  pool.terminate();
  pool.join();
  ::dlclose(library);
}

int version_times_in(const std::string& path, Pool& pool, int x) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW);
  EXPECT_NE(library, nullptr) << ::dlerror();
  const auto function = reinterpret_cast<int (*)(int)>(::dlsym(library, "version_times"));
  const int result = pool.apply(function, x);
  EXPECT_EQ(pool.apply_async(function, x).get(), result);
  ::dlclose(library);
  return result;
}

TEST_P(TaskKinds, tasks_of_a_library_that_was_rebuilt_and_opened_again_run_the_new_code) {
  Pool pool = make_pool(1);
  const Scratch scratch;
  const std::string path = scratch.path("plugin.so");
  for (const std::string version : {"1", "2"}) {
    std::filesystem::remove(path);
    std::filesystem::copy_file(POOL_PLUGINS "/pool_reloaded_" + version + ".so", path);
    EXPECT_EQ(version_times_in(path, pool, 7), 7 * std::stoi(version));
  }
}

}  // namespace
}  // namespace brood::testing::task_kinds_test
