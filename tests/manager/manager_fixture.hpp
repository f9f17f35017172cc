#pragma once

#include <memory>

#include <brood/manager.hpp>
#include "pool/pool_fixture.hpp"

namespace brood::testing {

/// One behaviour, every start method of the server.
class ManagerTest : public PoolTest {
 protected:
  brood::ManagerOptions manager_options() const { return {.start_method = method()}; }
};

/// With a manager that every test of it uses.
class OneManager : public ManagerTest {
 protected:
  void SetUp() override {
    ManagerTest::SetUp();
    manager = std::make_unique<Manager>(manager_options());
  }
  void TearDown() override {
    manager.reset();
    ManagerTest::TearDown();
  }
  std::unique_ptr<Manager> manager;
};

}  // namespace brood::testing
