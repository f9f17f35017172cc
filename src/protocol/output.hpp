#pragma once

#include <cstddef>
#include <cstdint>

// How what elements write to stdout and stderr gets to the owner: README.md, "What elements write".
namespace brood::protocol {

/// The sockets of `output_attachment_group`, in this order: for the messages below, for what is
/// written to stdout, or to both, and for what is written to stderr. A stream is a pair of stream
/// sockets, so that the owner never waits for a lock that the worker holds, as it may of a pipe.
inline constexpr std::size_t output_sockets = 3;
inline constexpr std::size_t output_streams = 2;

/// From the worker. An element of captured ones that has written nothing, and started no process,
/// has no end told. The owner answers `ended` by a byte, once it has all that the element has
/// written. With it come streams for the next element, one for each that this one had, so that what
/// outlives the element does not write into the next one's; none in a sandbox.
struct OutputMessage {
  enum class Kind : std::uint32_t {
    begin,  // this one writes from now on, or if it has nothing to say, the ones behind it
    ended,  // this one: the next one begins
  };
  Kind kind;
  std::uint32_t flags;  // of the RunHeader
  std::uint64_t sequence;
  std::uint64_t index;
};

}  // namespace brood::protocol
