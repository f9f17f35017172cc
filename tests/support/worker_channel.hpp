#pragma once

#include <sched.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <brood/detail/pool/result_shape.hpp>
#include "platform/futex.hpp"
#include "protocol/messages.hpp"
#include "protocol/page.hpp"
#include "start/entry.hpp"
#include "wire/frame.hpp"

// What a task that has been taken over finds in its worker: descriptors, the page, and what it was
// told to run. For tests of the owner; call these in a task.
namespace brood::testing {

inline constexpr int wake_up_socket = start::exec_descriptors.report;
inline constexpr int channel_socket = start::exec_descriptors.descriptor_channel;
inline constexpr int server_socket = start::server_socket_descriptor;  // forkserver only

/// A part of this process's memory, as /proc/self/maps has it.
struct MappedRange {
  std::uintptr_t begin = 0, end = 0;
  std::uint64_t offset = 0;  // in its file
  bool writable = false, shared = false;
  std::string name;
  std::size_t size() const { return end - begin; }
};

inline std::vector<MappedRange> mapped_ranges() {
  std::vector<MappedRange> ranges;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    MappedRange range;
    std::string rights, device, inode;
    char dash = 0;
    words >> std::hex >> range.begin >> dash >> range.end >> rights >> range.offset >> device >>
        inode;
    std::getline(words >> std::ws, range.name);
    range.writable = rights.at(1) == 'w';
    range.shared = rights.at(3) == 's';
    ranges.push_back(range);
  }
  return ranges;
}

namespace memory_search {

/// Whether a part of it, which begins with a page, has memory: most of what a sanitizer maps has
/// none.
inline bool has_memory(std::uintptr_t begin, std::size_t size) {
  const auto page = static_cast<std::size_t>(::getpagesize());
  std::vector<unsigned char> pages((size + page - 1) / page);
  return ::mincore(reinterpret_cast<void*>(begin), size, pages.data()) == 0 &&
         std::any_of(pages.begin(), pages.end(), [](unsigned char one) { return (one & 1) != 0; });
}

/// Calls `look` with copies of this process's private writable memory, block by block, until it
/// says true. By process_vm_readv(2): a range that has gone meanwhile is an error, not a fault.
template <class Look>
bool search_memory(Look look) {
  constexpr std::size_t largest = std::size_t{256} << 20, block = std::size_t{1} << 20;
  std::vector<std::byte> copy(block);
  for (const MappedRange& range : mapped_ranges()) {
    const bool data = range.name.empty() || range.name == "[heap]";
    if (!range.writable || range.shared || !data || range.size() > largest) continue;
    for (std::uintptr_t at = range.begin; at < range.end; at += block / 2) {
      const std::size_t size = std::min(block, range.end - at);
      if (!has_memory(at, size)) continue;
      const iovec here{copy.data(), block};
      const iovec there{reinterpret_cast<void*>(at), size};
      const ssize_t count = ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0);
      if (count <= 0) break;
      if (look(std::span<const std::byte>(copy.data(), static_cast<std::size_t>(count))))
        return true;
      if (static_cast<std::size_t>(count) < block) break;
    }
  }
  return false;
}

/// Calls `visit` with each place of `pattern` in `memory`, until it says true.
template <class Visit>
bool find_each(std::span<const std::byte> memory, std::span<const std::byte> pattern, Visit visit) {
  std::span<const std::byte> rest = memory;
  while (const void* const found =
             ::memmem(rest.data(), rest.size(), pattern.data(), pattern.size())) {
    const auto place =
        static_cast<std::size_t>(static_cast<const std::byte*>(found) - memory.data());
    if (visit(memory.subspan(place))) return true;
    rest = memory.subspan(place + 1);
  }
  return false;
}

/// Whether this process counts its claims there: a run refers to its page's words.
inline bool is_in_use(protocol::WorkerPage* page) {
  const void* const words[3] = {&page->claimed, &page->revocation, &page->head};
  return search_memory([&](std::span<const std::byte> memory) {
    return find_each(memory, std::as_bytes(std::span(words)), [](auto) { return true; });
  });
}

}  // namespace memory_search

/// This worker's page, null where there is none. Under fork the pages of others may be mapped, too.
inline protocol::WorkerPage* own_page() {
  std::vector<protocol::WorkerPage*> pages;
  for (const MappedRange& range : mapped_ranges()) {
    const bool is_page = range.name.find("brood-worker") != std::string::npos;
    if (is_page && range.shared && range.offset == 0)  // others are of its rings
      pages.push_back(reinterpret_cast<protocol::WorkerPage*>(range.begin));
  }
  if (pages.size() == 1) return pages.front();
  for (protocol::WorkerPage* const page : pages) {
    if (memory_search::is_in_use(page)) return page;
  }
  return nullptr;
}

/// What the owner sent of the elements among which the calling task is: job, first, count and
/// sequence. Nothing where the frame is no longer to be found. It lies in the ring; a large one has
/// been copied from there.
inline std::optional<protocol::RunHeader> current_run(const protocol::WorkerPage& page) {
  const std::uint64_t claimed = page.claimed.load();
  wire::FrameHeader frame;
  frame.type = static_cast<std::uint16_t>(protocol::Type::run);
  const auto start = std::as_bytes(std::span(&frame, 1)).first(8);  // all but the length
  std::optional<protocol::RunHeader> found;
  const auto look = [&](std::span<const std::byte> memory) {
    return memory_search::find_each(memory, start, [&](std::span<const std::byte> there) {
      if (there.size() < sizeof frame + sizeof(protocol::RunHeader)) return false;
      protocol::RunHeader run;
      std::memcpy(&run, there.data() + sizeof frame, sizeof run);
      const bool runs = run.sequence < claimed && claimed <= run.sequence + run.count &&
                        run.count < (std::uint64_t{1} << 32);
      if (runs) found = run;
      return runs;
    });
  };
  if (!look(std::as_bytes(std::span(&page.tasks, 1)))) memory_search::search_memory(look);
  return found;
}

/// The header of a frame as this worker would write it, but with these values.
inline wire::FrameHeader frame_header(protocol::Type type, std::uint64_t length) {
  wire::FrameHeader header;
  header.type = static_cast<std::uint16_t>(type);
  header.length = length;
  return header;
}

/// As the library closes the frame that this worker is filling: with as many results as it holds.
inline void close_open_frame(protocol::WorkerPage& page) {
  const std::uint64_t start = page.closed, end = page.head;
  constexpr std::size_t headers = sizeof(wire::FrameHeader) + sizeof(protocol::ResultsHeader);
  if (end < start + headers || end - start > protocol::WorkerPage::buffer_size) return;
  std::byte* const frame = page.at(start);
  protocol::ResultsHeader results;
  std::memcpy(&results, frame + sizeof(wire::FrameHeader), sizeof results);
  results.count = 0;
  for (std::byte* record = frame + headers; record < frame + (end - start); ++results.count) {
    std::uint64_t length = results.stride;
    if (results.stride == detail::variable_stride) {
      std::memcpy(&length, record, sizeof length);
      length += sizeof length;
    }
    record += std::max<std::uint64_t>(length, 1);
  }
  const wire::FrameHeader header =
      frame_header(protocol::Type::results, end - start - sizeof(wire::FrameHeader));
  std::memcpy(frame, &header, sizeof header);
  std::memcpy(frame + sizeof header, &results, sizeof results);
  page.closed = end;
}

/// Wakes the owner if it has asked for that, as the library does.
inline void wake_owner(protocol::WorkerPage& page) {
  const auto how = static_cast<protocol::WakeUp>(page.owner_waits.exchange(0));
  if (how == protocol::WakeUp::by_futex)
    platform::futex_wake(page.owner_waits, 1, platform::FutexScope::shared);
  if (how != protocol::WakeUp::by_socket) return;
  if (::write(wake_up_socket, &protocol::wake_up, 1) != 1) return;
}

/// own_page(), looked for once in each process.
inline protocol::WorkerPage* known_page() {
  static protocol::WorkerPage* page = nullptr;
  static pid_t page_of = 0;
  if (page_of != ::getpid()) page = own_page();
  page_of = ::getpid();
  return page;
}

/// Appends to the result stream beside the library, which does not know of it: its next result
/// takes the stream back to where it stood, if that is before the owner has read on. Blocks while
/// the ring is full.
inline void write_to_owner(std::span<const std::byte> bytes) {
  protocol::WorkerPage* const page = known_page();
  if (page == nullptr) return;
  close_open_frame(*page);
  while (!bytes.empty()) {
    const std::uint64_t unread = page->closed - page->tail;
    const auto part = bytes.first(
        std::min<std::size_t>(bytes.size(), protocol::WorkerPage::buffer_size - unread));
    std::memcpy(page->at(page->closed), part.data(), part.size());
    page->closed += part.size();
    page->head.store(page->closed);
    wake_owner(*page);
    bytes = bytes.subspan(part.size());
    if (part.empty()) ::sched_yield();
  }
}

/// Waits until the owner has read all that is in the ring, for five seconds at most.
inline void wait_until_read() {
  protocol::WorkerPage* const page = known_page();
  if (page == nullptr) return;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (page->tail != page->closed && std::chrono::steady_clock::now() < end) ::sched_yield();
}

}  // namespace brood::testing
