// Any byte stream, cut anywhere: the frames are those that a parser sees that gets it in one piece,
// and memory stays within twice what was received.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <brood/errors.hpp>

#include "wire/frame.hpp"

namespace {

using brood::wire::FrameParser;

constexpr std::size_t buffer_size = 64;
constexpr std::uint64_t limit = 4096;

void require(bool condition) {
  if (!condition) std::abort();
}

// The payloads, and a last "!" if the stream turned out to be of no use.
std::vector<std::string> frames_of(std::span<const std::byte> stream, std::size_t step) {
  FrameParser parser(buffer_size, limit);
  std::vector<std::string> frames;
  std::size_t done = 0;
  try {
    while (done < stream.size()) {
      const auto room = parser.room();
      require(!room.empty() && room.size() <= std::max(buffer_size, 2 * done));
      const std::size_t count = std::min({room.size(), step, stream.size() - done});
      std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(done), count, room.begin());
      parser.filled(count);
      done += count;
      while (parser.has_frame()) {
        const auto frame = parser.next();
        require(frame.has_value());
        frames.emplace_back(reinterpret_cast<const char*>(frame->payload.data()),
                            frame->payload.size());
      }
      require(!parser.next());
      if (step == 3) parser.shrink();
    }
  } catch (const brood::CodecError&) {
    frames.emplace_back("!");
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span stream(reinterpret_cast<const std::byte*>(data), size);
  const auto whole = frames_of(stream, size + 1);
  for (const std::size_t step : {1u, 3u, 17u}) require(frames_of(stream, step) == whole);
  return 0;
}
