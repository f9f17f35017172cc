#include "pool/calls/call_arguments.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "pool/base/outbox.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/calls/pool_for_calls.hpp"
#include "pool/calls/run_frame.hpp"
#include "support/feed.hpp"
#include "wire/frame.hpp"

namespace brood::pool::call_arguments_test {
namespace {

// A fixed-size element `i` is `stride` bytes of value `first + i`.
detail::Elements elements(std::size_t first, std::size_t count, std::size_t stride) {
  detail::Elements made;
  made.stride = stride;
  made.count = count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<std::byte> bytes(stride, static_cast<std::byte>(first + i));
    made.payload.owned().append(bytes.data(), bytes.size());
  }
  return made;
}

detail::Elements with_descriptor(detail::Elements made) {
  // It is not looked at.
  static const int somewhere = 0;
  made.payload.owned().attach(detail::DescriptorRef(
      std::make_shared<int>(), reinterpret_cast<const detail::SharedDescriptor*>(&somewhere)));
  return made;
}

std::shared_ptr<const detail::Definition> definition() {
  return std::make_shared<const detail::Definition>();
}

std::shared_ptr<CallState> call_with(detail::Elements&& its) {
  detail::JobSpec spec;
  spec.definition = definition();
  spec.terms = std::make_shared<const detail::CallTerms>();
  spec.kind = detail::JobKind::map;
  spec.elements = std::move(its);
  auto call = std::make_shared<CallState>(std::weak_ptr<PoolForCalls>(), std::move(spec));
  call->id = 7;
  return call;
}

// What is to be written behind the header of the only frame, whose length must be that.
std::vector<std::byte> payload_of(const Outbox& outbox) {
  wire::FrameParser parser;
  std::array<std::span<const std::byte>, 8> views;
  const std::size_t count = outbox.gather(views);
  for (const auto view : std::span(views).first(count)) testing::feed(parser, view);
  const auto frame = parser.next();
  EXPECT_TRUE(frame.has_value());
  EXPECT_EQ(parser.pending(), 0U);
  if (!frame) return {};
  return {frame->payload.begin(), frame->payload.end()};
}

TEST(CallArguments, small_ones_are_copied) {
  const auto call = call_with(elements(0, 5, 3));
  Outbox outbox;
  RunFrame frame(outbox, *call);
  call->arguments().append_to(frame, 1, 2);
  frame.finish();
  EXPECT_FALSE(outbox.refers_to(call->id));
  const std::vector<std::byte> wanted{std::byte{1}, std::byte{1}, std::byte{1},
                                      std::byte{2}, std::byte{2}, std::byte{2}};
  EXPECT_EQ(payload_of(outbox), wanted);
}

TEST(CallArguments, large_ones_stay_where_they_are_and_keep_the_call) {
  detail::Elements given = elements(0, 3, 8192);
  const std::byte* const there = given.payload.view().data();
  auto call = call_with(std::move(given));
  Outbox outbox;
  {
    RunFrame frame(outbox, *call);
    call->arguments().append_to(frame, 1, 2);
    frame.finish();
  }
  EXPECT_TRUE(outbox.refers_to(call->id));
  std::array<std::span<const std::byte>, 8> views;
  ASSERT_EQ(outbox.gather(views), 2U);
  EXPECT_EQ(views[1].data(), there + 8192);
  EXPECT_EQ(payload_of(outbox).size(), 2 * 8192U);
  const std::weak_ptr<CallState> known = call;
  call.reset();
  EXPECT_FALSE(known.expired());
  outbox.clear();
  EXPECT_TRUE(known.expired());
}

TEST(CallArguments, of_a_stream_go_with_the_outcomes_of_what_came_together) {
  CallArguments arguments(detail::JobKind::stream, definition(), elements(0, 2, 1));
  arguments.extend(with_descriptor(elements(2, 2, 2)));
  arguments.extend(with_descriptor(elements(4, 1, 3)));
  EXPECT_EQ(arguments.count(), 5U);
  EXPECT_EQ(arguments.part(1).stride, 1U);
  EXPECT_EQ(arguments.part(3).stride, 2U);
  EXPECT_EQ(arguments.part(4).stride, 3U);
  EXPECT_EQ(arguments.part(1).attachment_group, 0U);
  const auto first = arguments.part(2).attachment_group,
             second = arguments.part(4).attachment_group;
  EXPECT_LT(first, second);
  EXPECT_EQ(arguments.part(4).attached.size(), 1U);
  EXPECT_EQ(arguments.part(4).oldest_attachment_group, first);
  arguments.release(3, 1);
  EXPECT_EQ(arguments.part(4).oldest_attachment_group, first);
  arguments.release(2, 1);
  EXPECT_EQ(arguments.part(4).oldest_attachment_group, second);
  arguments.release(4, 1);
  EXPECT_GT(arguments.part(4).oldest_attachment_group, second);
}

}  // namespace
}  // namespace brood::pool::call_arguments_test
