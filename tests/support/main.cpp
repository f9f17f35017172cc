#include <gtest/gtest.h>

#include <brood/brood.hpp>

int main(int argc, char** argv) {
  brood::init(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
