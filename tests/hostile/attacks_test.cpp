#include <gtest/gtest.h>

#include <brood/brood.hpp>
#include "hostile/attacks/attack.hpp"
#include "hostile/attacks/attack_campaign.hpp"
#include "support/leak_check.hpp"

namespace brood::hostile::attacks_test {
namespace {

class AttackTest : public testing::LeakCheck, public ::testing::WithParamInterface<std::string> {};

TEST_P(AttackTest, each_alone_leaves_its_owner_whole) {
  for (std::size_t i = 1; i < attacks().size(); ++i) {
    if (attacks()[i].left_out != nullptr) continue;
    EXPECT_TRUE(carry_out_apart({.seed = i, .method = GetParam(), .only = i})) << attacks()[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Method, AttackTest, ::testing::ValuesIn(brood::start_methods()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace brood::hostile::attacks_test
