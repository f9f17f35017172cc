#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <brood/exception.hpp>
#include "manager/manager_fixture.hpp"

// What a manager's objects can do.
namespace brood::testing::objects_test {
namespace {

class Objects : public OneManager {};
BROOD_FOR_EVERY_METHOD(Objects);

class Counter {
 public:
  explicit Counter(int start) : count_(start) {
    if (start < 0) throw std::invalid_argument("a count below 0");
  }
  int add(int step) { return count_ += step; }
  int value() const noexcept { return count_; }
  const std::string& name() const { return name_; }
  void rename(const std::string& name) { name_ = name; }
  void fail() const { throw std::domain_error("as asked"); }
  int shown = 5;

 private:
  int count_;
  std::string name_ = "counter";
};
int twice(const Counter& counter) { return 2 * counter.value(); }

struct Plain {
  int x = 0;
  std::string y;
};

TEST_P(Objects, a_proxy_calls_methods) {
  const Proxy<Counter> counter = manager->make<Counter>(7);
  EXPECT_EQ(counter.call<&Counter::add>(3), 10);
  EXPECT_EQ(counter.call<&Counter::value>(), 10);
  counter.call<&Counter::rename>("other");
  EXPECT_EQ(counter.call<&Counter::name>(), "other");
  EXPECT_EQ(counter.call<&Counter::shown>(), 5);
  EXPECT_EQ(counter.call<&twice>(), 20);
  EXPECT_EQ(counter.apply([](Counter& it, int more) { return it.add(more); }, 5), 15);
  const auto plain = manager->make<Plain>(3, "text");
  EXPECT_EQ(plain.call<&Plain::y>(), "text");
}

TEST_P(Objects, exceptions_come_back_as_their_own_type) {
  const Proxy<Counter> counter = manager->make<Counter>(7);
  try {
    counter.call<&Counter::fail>();
    FAIL();
  } catch (const std::domain_error& error) {
    EXPECT_STREQ(error.what(), "as asked");
    try {
      std::rethrow_if_nested(error);
      FAIL();
    } catch (const TaskError& nested) {
      EXPECT_EQ(nested.worker_name(), manager->name());
      EXPECT_EQ(nested.worker_pid(), manager->pid());
      EXPECT_EQ(nested.index(), TaskError::no_element);
      EXPECT_TRUE(contains(nested.what(), "[thrown by " + manager->name() + " (pid "));
    }
  }
  EXPECT_THROW(manager->make<Counter>(-1), std::invalid_argument);
  EXPECT_EQ(counter.call<&Counter::value>(), 7);
}

/// Registered, and not.
class Registered : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
[[maybe_unused]] const bool registered = register_exception<Registered>();
struct Unknown {};
struct Thrower {
  void registered() const { throw Registered("known"); }
  void unknown() const { throw Unknown(); }
};
TEST_P(Objects, a_registered_exception_is_itself_and_another_a_task_error) {
  const auto thrower = manager->make<Thrower>();
  EXPECT_STREQ(caught<Registered>([&] { thrower.call<&Thrower::registered>(); }).what(), "known");
  const auto error = caught<TaskError>([&] { thrower.call<&Thrower::unknown>(); });
  EXPECT_TRUE(contains(error.type_name(), "Unknown"));
}

/// Has a manager of its own for a while.
struct Host {
  int first_of_inner_list(const std::string& method) const {
    const Manager inner({.start_method = method});
    const auto list = inner.list<int>();
    list.push_back(6);
    return list.at(0);
  }
};
TEST_P(Objects, an_object_may_have_a_manager_of_its_own) {
  const auto host = manager->make<Host>();
  EXPECT_EQ(host.call<&Host::first_of_inner_list>(method()), 6);
  EXPECT_EQ(manager->list<int>().size(), 0U);
}

class OneAtATime {
 public:
  bool enter() {
    const bool alone = inside_++ == 0;
    std::this_thread::yield();
    --inside_;
    return alone;
  }

 private:
  std::atomic<int> inside_{0};
};
class AllAtOnce {
 public:
  static constexpr bool concurrent_calls = true;
  bool meet(int count) {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    return changed_.wait_for(lock, patience, [&] { return inside_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
};
TEST_P(Objects, calls_run_one_after_the_other_unless_the_type_says_otherwise) {
  const auto single = manager->make<OneAtATime>();
  const auto together = manager->make<AllAtOnce>();
  std::vector<std::future<bool>> good;
  for (int i = 0; i < 4; ++i) {
    good.push_back(std::async(std::launch::async, [&] {
      bool alone = true;
      for (int n = 0; n < 50; ++n) alone = single.call<&OneAtATime::enter>() && alone;
      return together.call<&AllAtOnce::meet>(4) && alone;
    }));
  }
  for (std::future<bool>& one : good) EXPECT_TRUE(one.get());
}

TEST_P(Objects, a_dict_has_the_verbs_of_a_map) {
  const ManagedDict<std::string, int> dict = manager->dict<std::string, int>();
  EXPECT_TRUE(dict.empty());
  dict.set("one", 1);
  dict.set("two", 2);
  dict.set("one", 11);
  EXPECT_FALSE(dict.insert("one", 5));
  EXPECT_TRUE(dict.insert("three", 3));
  EXPECT_EQ(dict.at("one"), 11);
  EXPECT_THROW(dict.at("none"), std::out_of_range);
  EXPECT_EQ(dict.get("two"), 2);
  EXPECT_EQ(dict.get("none"), std::nullopt);
  EXPECT_EQ(dict.get("none", -1), -1);
  EXPECT_EQ(dict.get_or_insert("four", 4), 4);
  EXPECT_EQ(dict.get_or_insert("four", 5), 4);
  EXPECT_TRUE(dict.contains("four"));
  EXPECT_TRUE(dict.erase("four"));
  EXPECT_FALSE(dict.erase("four"));
  EXPECT_EQ(dict.pop("three"), 3);
  EXPECT_EQ(dict.pop("three"), std::nullopt);
  EXPECT_EQ(dict.size(), 2U);
  EXPECT_EQ(dict.update("two", [](int& value) { value *= 10; }), 20);
  EXPECT_EQ(dict.update("new", [](int value) { return value + 1; }), 1);
  dict.update(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  using Items = ManagedDict<std::string, int>::Items;
  EXPECT_EQ(dict.items(), (Items{{"a", 1}, {"b", 2}, {"new", 1}, {"one", 11}, {"two", 20}}));
  EXPECT_EQ(dict.keys(), (std::vector<std::string>{"a", "b", "new", "one", "two"}));
  EXPECT_EQ(dict.values(), (std::vector<int>{1, 2, 1, 11, 20}));
  dict.clear();
  EXPECT_EQ(dict.size(), 0U);
}

TEST_P(Objects, a_list_has_the_verbs_of_a_vector) {
  const ManagedList<std::string> list = manager->list<std::string>();
  list.push_back("b");
  list.insert(0, "a");
  list.extend(std::vector<std::string>{"c", "d"});
  EXPECT_EQ(list.items(), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(list.items(1, 3), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(list.items(3, 30), (std::vector<std::string>{"d"}));
  EXPECT_EQ(list.at(2), "c");
  EXPECT_THROW(list.at(4), std::out_of_range);
  list.set(2, "C");
  EXPECT_THROW(list.set(4, ""), std::out_of_range);
  EXPECT_EQ(list.pop(2), "C");
  EXPECT_EQ(list.pop_back(), "d");
  list.erase(0);
  EXPECT_EQ(list.update(0, [](std::string& text) { text += text; }), "bb");
  EXPECT_EQ(list.size(), 1U);
  list.clear();
  EXPECT_TRUE(list.empty());
  EXPECT_THROW(list.pop_back(), std::out_of_range);
  const ManagedList<bool> bits = manager->list<bool>();
  bits.extend(std::vector<bool>{true, false});
  EXPECT_EQ(bits.items(), (std::vector<bool>{true, false}));
}

TEST_P(Objects, a_value_is_set_got_and_updated) {
  const ManagedValue<double> value = manager->value(1.5);
  EXPECT_EQ(value.get(), 1.5);
  value.set(2);
  EXPECT_EQ(value.exchange(3), 2);
  EXPECT_EQ(value.update([](double x) { return x * 2; }), 6);
  const auto large = manager->value(std::vector<double>(1'000'000, 1.0));
  EXPECT_EQ(large.get().size(), 1'000'000U);
}

TEST_P(Objects, an_update_that_throws_inserts_nothing) {
  const auto dict = manager->dict<int, int>();
  const auto refuse = [](int& value) {
    value = 7;
    throw std::domain_error("no");
  };
  EXPECT_THROW(dict.update(1, refuse), std::domain_error);
  EXPECT_FALSE(dict.contains(1));
}

TEST_P(Objects, a_space_has_values_of_any_types) {
  const ManagedSpace space = manager->space();
  space.set("limit", 7);
  space.set("name", "text");
  space.set("list", manager->list<int>());
  EXPECT_EQ(space.get<int>("limit"), 7);
  EXPECT_EQ(space.get<std::string>("name"), "text");
  space.get<ManagedList<int>>("list").push_back(5);
  EXPECT_EQ(space.get<ManagedList<int>>("list").at(0), 5);
  EXPECT_THROW(space.get<long>("limit"), UsageError);
  EXPECT_THROW(space.get<int>("none"), std::out_of_range);
  space.set("limit", 2.5);
  EXPECT_EQ(space.get<double>("limit"), 2.5);
  EXPECT_TRUE(space.has("list"));
  EXPECT_TRUE(space.erase("list"));
  EXPECT_FALSE(space.erase("list"));
  EXPECT_EQ(space.names(), (std::vector<std::string>{"limit", "name"}));
}

TEST_P(Objects, a_handle_of_nothing_says_so) {
  EXPECT_THROW(static_cast<void>(ManagedLock().locked()), UsageError);
  EXPECT_THROW((ManagedDict<int, int>().size()), UsageError);
  EXPECT_THROW(manager->list<ManagedLock>().push_back(ManagedLock()), CodecError);
}

}  // namespace
}  // namespace brood::testing::objects_test
