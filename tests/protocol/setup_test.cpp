#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <span>
#include <vector>

#include <brood/errors.hpp>
#include "protocol/messages.hpp"
#include "wire/frame.hpp"

// The first message to a worker.
namespace brood::protocol::setup_test {
namespace {

WorkerSetup full() {
  WorkerSetup setup;
  setup.preparation.build = wire::program_build_id();
  setup.preparation.identity.name = "SpawnPoolWorker-2:1";
  setup.initializer = {std::byte{1}, std::byte{2}};
  setup.limits.address_space = 1;
  setup.limits.cpu_time = std::chrono::nanoseconds(2);
  setup.limits.open_files = 3;
  setup.limits.core_size = 4;
  setup.message_limit = 5;
  setup.preparation.log_level = 6;
  setup.limits.resident = 7;
  setup.limits.resident_hard = 13;
  setup.preparation.start_method = "spawn";
  setup.nice = -8;
  setup.cpus = {9, 10};
  setup.processors = 12;
  setup.preparation.identity.numbers = "2:1";
  setup.preparation.identity.daemon = true;
  setup.preparation.identity.parent_name = "SpawnProcess-2";
  setup.preparation.identity.parent_pid = 11;
  return setup;
}

std::vector<std::byte> payload_of(const WorkerSetup& setup) {
  detail::Bytes bytes;
  encode_setup(bytes, setup);
  wire::FrameParser parser(bytes.size());
  std::memcpy(parser.room().data(), bytes.data(), bytes.size());
  parser.filled(bytes.size());
  const auto payload = parser.next().value().payload;
  return {payload.begin(), payload.end()};
}

TEST(SetupMessage, every_field_arrives) {
  const protocol::WorkerSetup sent = full();
  const protocol::WorkerSetup got = decode_setup(payload_of(sent));
  EXPECT_EQ(got.protocol_version, version);
  EXPECT_EQ(got.preparation.build, sent.preparation.build);
  EXPECT_EQ(got.preparation.identity.name, sent.preparation.identity.name);
  EXPECT_EQ(got.initializer, sent.initializer);
  EXPECT_EQ(got.limits.address_space, sent.limits.address_space);
  EXPECT_EQ(got.limits.cpu_time.value(), sent.limits.cpu_time.value());
  EXPECT_EQ(got.limits.open_files, sent.limits.open_files);
  EXPECT_EQ(got.limits.core_size, sent.limits.core_size);
  EXPECT_EQ(got.message_limit, sent.message_limit);
  EXPECT_EQ(got.preparation.log_level, sent.preparation.log_level);
  EXPECT_EQ(got.limits.resident, sent.limits.resident);
  EXPECT_EQ(got.limits.resident_hard, sent.limits.resident_hard);
  EXPECT_EQ(got.preparation.start_method, sent.preparation.start_method);
  EXPECT_EQ(got.nice, sent.nice);
  EXPECT_EQ(got.cpus, sent.cpus);
  EXPECT_EQ(got.processors, sent.processors);
  EXPECT_EQ(got.preparation.identity.numbers, sent.preparation.identity.numbers);
  EXPECT_EQ(got.preparation.identity.daemon, sent.preparation.identity.daemon);
  EXPECT_EQ(got.preparation.identity.parent_name, sent.preparation.identity.parent_name);
  EXPECT_EQ(got.preparation.identity.parent_pid, sent.preparation.identity.parent_pid);
}

TEST(SetupMessage, one_that_is_cut_short_is_refused_at_every_length) {
  const std::vector<std::byte> whole = payload_of(full());
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(decode_setup(std::span(whole).first(length)), CodecError) << length;
}

}  // namespace
}  // namespace brood::protocol::setup_test
