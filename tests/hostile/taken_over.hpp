#pragma once

#include <unistd.h>

#include <cstdint>
#include <span>
#include <stdexcept>

#include "protocol/messages.hpp"
#include "support/worker_channel.hpp"

// The calling task as one that was taken over by its input.
namespace brood::testing {

/// Its page, and which element it is.
struct TakenOver {
  protocol::WorkerPage& page;
  std::uint64_t job, index, sequence;
};

inline TakenOver taken_over() {
  protocol::WorkerPage* const page = own_page();
  if (page == nullptr) throw std::logic_error("this worker's page is not found");
  const auto run = current_run(*page);
  if (!run) throw std::logic_error("what this worker was sent is not found");
  const std::uint64_t sequence = page->claimed.load() - 1;
  return {*page, run->job, run->first + (sequence - run->sequence), sequence};
}

/// Writes a message to the owner that no library has written.
template <class Header>
void forge(protocol::Type type, const Header& header, std::span<const std::byte> rest = {}) {
  detail::Bytes bytes;
  protocol::append_message(bytes, type, header, rest);
  write_to_owner(bytes.view());
}
inline void forge(protocol::Type type) {
  detail::Bytes bytes;
  protocol::append_message(bytes, type);
  write_to_owner(bytes.view());
}

/// It is the owner that ends this.
[[noreturn]] inline void hang() {
  for (;;) ::pause();
}

}  // namespace brood::testing
