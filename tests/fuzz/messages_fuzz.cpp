// Any bytes as what a worker or an owner says: a CodecError, or events in the order of the
// sequence.
#include <cstdint>
#include <cstdlib>
#include <span>

#include <brood/errors.hpp>

#include "protocol/messages.hpp"
#include "protocol/parent_side.hpp"
#include "protocol/stream.hpp"

namespace {

using namespace brood::protocol;

template <class F>
void allow_codec_error(F f) {
  try {
    f();
  } catch (const brood::CodecError&) {
  }
}

void expect_sequence(const Events& events) {
  for (std::size_t i = 1; i < events.outcomes.size(); ++i) {
    if (events.outcomes[i].sequence <= events.outcomes[i - 1].sequence) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  allow_codec_error([&] { decode_setup(bytes); });
  allow_codec_error([&] { decode_log(bytes); });
  for (const ParentSide::Stage stage : {ParentSide::Stage::greeting, ParentSide::Stage::tasks}) {
    ParentSide owner(4096, stage);
    Events events;
    allow_codec_error([&] {
      brood::testing::feed(owner.stream(), bytes);
      owner.parse(events);
    });
    expect_sequence(events);
  }
  return 0;
}
