#include <brood/detail/bytes.hpp>

#include <gtest/gtest.h>

#include <memory>

#include "platform/shared_descriptor.hpp"

namespace brood::detail {
namespace {

DescriptorRef stand_in(const std::shared_ptr<int>& owner) {
  return {owner, reinterpret_cast<const SharedDescriptor*>(owner.get())};  // never looked into
}

TEST(Bytes, many_that_carry_the_same_descriptors_share_them) {
  const auto descriptors = std::make_shared<Carried>(1000, stand_in(std::make_shared<int>()));
  Bytes one, other;
  one.carry_all(descriptors);
  other.carry_all(descriptors);
  EXPECT_EQ(one.carried().data(), other.carried().data());
  EXPECT_EQ(descriptors->front().use_count(), 1000);
}

TEST(Bytes, one_of_them_that_carries_more_leaves_the_others_as_they_were) {
  const auto descriptors = std::make_shared<Carried>(2, stand_in(std::make_shared<int>()));
  Bytes one, other;
  one.carry_all(descriptors);
  other.carry_all(descriptors);
  one.carry(stand_in(std::make_shared<int>()));
  EXPECT_EQ(one.carried().size(), 3U);
  EXPECT_EQ(other.carried().size(), 2U);
  other.clear();
  EXPECT_TRUE(other.carried().empty());
  EXPECT_EQ(descriptors->size(), 2U);
}

}  // namespace
}  // namespace brood::detail
