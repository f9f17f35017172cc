#include <brood/detail/bytes.hpp>

#include <gtest/gtest.h>

#include <memory>

#include "transfer/shared_descriptor.hpp"

namespace brood::detail::bytes_test {
namespace {

DescriptorRef stand_in(const std::shared_ptr<int>& owner) {
  return {owner, reinterpret_cast<const SharedDescriptor*>(owner.get())};  // never looked into
}

TEST(Bytes, many_that_carry_the_same_descriptors_share_them) {
  const auto descriptors = std::make_shared<Attachments>(1000, stand_in(std::make_shared<int>()));
  Bytes one, other;
  one.attach_all(descriptors);
  other.attach_all(descriptors);
  EXPECT_EQ(one.attached().data(), other.attached().data());
  EXPECT_EQ(descriptors->front().use_count(), 1000);
}

TEST(Bytes, one_of_them_that_carries_more_leaves_the_others_as_they_were) {
  const auto descriptors = std::make_shared<Attachments>(2, stand_in(std::make_shared<int>()));
  Bytes one, other;
  one.attach_all(descriptors);
  other.attach_all(descriptors);
  one.attach(stand_in(std::make_shared<int>()));
  EXPECT_EQ(one.attached().size(), 3U);
  EXPECT_EQ(other.attached().size(), 2U);
  other.clear();
  EXPECT_TRUE(other.attached().empty());
  EXPECT_EQ(descriptors->size(), 2U);
}

}  // namespace
}  // namespace brood::detail::bytes_test
