#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "manager/tcp_fixture.hpp"
#include "support/in_child.hpp"

// Programs that connect to one server twice.
namespace brood::testing::two_connections_test {
namespace {

class TwoConnections : public TcpTest {
 protected:
  /// A remote program whose `body` gets two connections, and may end either of them.
  template <class Body>
  void in_remote(Body body) const {
    const auto client = remote([body, method = method()](const Manager& one, Connection&) {
      const auto connect = [&] {
        return std::unique_ptr<Manager>(
            new Manager(Manager::connect(one.address(), right_key, method)));
      };
      body(connect(), connect());
    });
    const Manager manager(listening());
    client->connect(manager.address());
    EXPECT_EQ(client->end(), "");
    EXPECT_TRUE(come_to(manager, 0));
  }
};
BROOD_FOR_EVERY_METHOD(TwoConnections);

using Connected = std::unique_ptr<Manager>;

void demand(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}
#define DEMAND(condition) demand(condition, #condition)

template <class Call>
bool is_over(Call call) {
  try {
    call();
    return false;
  } catch (const SystemError&) {
    return true;
  }
}

TEST_P(TwoConnections, pass_proxies_of_both_through_both) {
  in_remote([](const Connected& one, const Connected& other) {
    const auto of_one = one->list<int>(), of_other = other->list<int>();
    const auto queue = one->queue<ManagedList<int>>();
    const auto dict = other->dict<int, std::pair<ManagedList<int>, ManagedList<int>>>();
    queue.put(of_other);
    queue.put(of_one);
    dict.set(1, {of_one, of_other});
    const ManagedList<int> first = *queue.get(), second = *queue.get();
    DEMAND(first == of_other && second == of_one);
    first.push_back(1);
    second.push_back(2);
    DEMAND(of_other.at(0) == 1 && of_one.at(0) == 2);
    const auto [again_one, again_other] = dict.at(1);
    again_one.push_back(3);
    again_other.push_back(4);
    DEMAND(second.at(1) == 3 && first.at(1) == 4);
  });
}

TEST_P(TwoConnections, are_each_left_whole_by_the_end_of_the_other) {
  in_remote([](Connected one, Connected other) {
    for (Connected* ended : {&one, &other}) {
      const Connected& left = ended == &one ? other : one;
      if (!left) break;
      const auto mine = left->list<ManagedList<int>>();
      const auto theirs = (*ended)->list<int>();
      mine.push_back(theirs);
      const ManagedList<int> shared = mine.at(0);
      (*ended)->shutdown();
      DEMAND(is_over([&] { theirs.push_back(1); }));
      shared.push_back(2);
      DEMAND(mine.at(0).at(0) == 2);
      DEMAND(left->value(5).get() == 5);
      ended->reset();
      DEMAND(shared.size() == 1);
    }
  });
}

TEST_P(TwoConnections, are_one_holder_of_a_lock) {
  in_remote([](Connected one, const Connected& other) {
    const auto by_one = one->rlock();
    const auto list = other->list<ManagedRLock>();
    list.push_back(by_one);
    const ManagedRLock by_other = list.at(0);
    by_one.acquire();
    by_other.acquire();
    by_one.release();
    one.reset();
    DEMAND(by_other.locked());
    by_other.release();
    DEMAND(!by_other.locked());
  });
}

TEST_P(TwoConnections, of_the_server_s_own_program_are_as_good_as_the_manager) {
  const Manager manager(listening());
  const Manager one = Manager::connect(manager.address(), right_key, method());
  Connected other(new Manager(Manager::connect(manager.address(), right_key, method())));
  const auto by_one = one.list<ManagedList<int>>();
  by_one.push_back(manager.list<int>());
  by_one.push_back(other->list<int>());
  const auto own = manager.list<ManagedList<ManagedList<int>>>();
  own.push_back(by_one);
  other.reset();
  own.at(0).at(1).push_back(1);
  EXPECT_EQ(by_one.at(1).at(0), 1);
  EXPECT_EQ(by_one.at(0).size(), 0U);
}

TEST_P(TwoConnections, may_be_the_parent_s_and_its_forked_child_s) {
  in_remote([method = method()](Connected one, const Connected& other) {
    const auto inherited = one->list<int>();
    auto [ours, theirs] = pipe();
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);
      ours.close();
      int end = 1;
      try {
        const Manager own = Manager::connect(other->address(), right_key, method);
        const auto list = own.list<ManagedList<int>>();
        list.push_back(inherited);
        inherited.push_back(1);
        theirs.send(1);
        theirs.recv<int>().value();
        list.at(0).push_back(2);
        end = is_over([&] { inherited.size(); }) && list.at(0).size() == 2 ? 0 : 2;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "in the child: %s\n", error.what());
      }
      start::drop_forkserver();
      ::_exit(end);
    }
    theirs.close();
    DEMAND(ours.recv<int>() == 1);
    one->shutdown();
    ours.send(1);
    int status = 0;
    ::waitpid(child, &status, 0);
    DEMAND(status == 0);
  });
}

}  // namespace
}  // namespace brood::testing::two_connections_test
