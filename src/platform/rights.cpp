#include "platform/rights.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "platform/own_table.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

constexpr int pidfd_of_sender = 0x04;  // SCM_PIDFD, which the C library may not know

}  // namespace

Envelope::Envelope(std::span<std::byte> buffer) noexcept : part_{buffer.data(), buffer.size()} {
  header_.msg_iov = &part_;
  header_.msg_iovlen = 1;
}

ssize_t Envelope::receive(int socket, int flags) noexcept {
  header_.msg_control = control_.data();
  header_.msg_controllen = control_.size();
  const ssize_t count = system_calls().recvmsg(socket, &header_, MSG_CMSG_CLOEXEC | flags);
  if (count < 0) header_.msg_controllen = 0;
  for_each(pidfd_of_sender, [](const unsigned char* place) {
    int number = -1;
    std::memcpy(&number, place, sizeof number);
    if (number >= 0) ::close(number);
  });
  return count;
}

ssize_t Envelope::receive_apart(int socket) noexcept {
  struct {
    Envelope* envelope;
    int socket;
    ssize_t count = -1;
  } all{this, socket};  // in one: there may be no memory for a function that refers to more
  const OwnTable receiver(socket, [&all] {  // its table has room
    if (all.socket > 0) system_calls().close_range(0, static_cast<unsigned>(all.socket) - 1, 0);
    all.count = all.envelope->receive(all.socket, MSG_DONTWAIT);
  });
  return all.count;
}

/// With a pointer to the place of each number in control messages of this type.
template <class Visitor>
void Envelope::for_each(int type, Visitor visit) const {
  auto* const header = const_cast<msghdr*>(&header_);
  for (cmsghdr* part = CMSG_FIRSTHDR(header); part != nullptr; part = CMSG_NXTHDR(header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != type) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) visit(CMSG_DATA(part) + i * sizeof(int));
  }
}

bool Envelope::has_rights() const noexcept {
  bool found = lost_rights();
  for_each(SCM_RIGHTS, [&found](const unsigned char*) { found = true; });
  return found;
}

std::vector<Descriptor> Envelope::take_rights() {
  std::size_t count = 0;
  for_each(SCM_RIGHTS, [&count](const unsigned char*) { ++count; });
  std::vector<Descriptor> rights;
  try {
    rights.reserve(count);
  } catch (const std::exception&) {
    close_rights();
    throw;
  }
  for_each(SCM_RIGHTS, [&rights](const unsigned char* place) {
    int number = -1;
    std::memcpy(&number, place, sizeof number);
    rights.emplace_back(number).set_foreign();
  });
  header_.msg_controllen = 0;
  for (Descriptor& right : rights) {
    if (right.get() <= 2) right.move_above(3);
  }
  return rights;
}

void Envelope::close_rights() noexcept {
  for_each(SCM_RIGHTS, [](const unsigned char* place) {
    int number = -1;
    std::memcpy(&number, place, sizeof number);
    Descriptor(number).set_foreign();
  });
  header_.msg_controllen = 0;
}

std::size_t descriptor_limit() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

bool has_room_for_rights() noexcept {
  const std::size_t limit = descriptor_limit();
  if (limit > INT_MAX) return true;
  constexpr std::size_t most = most_rights + most_pidfds;
  if (limit < most) return false;
  std::array<pollfd, most> last{};
  int number = static_cast<int>(limit);
  for (pollfd& entry : last) entry.fd = --number;
  return ::poll(last.data(), last.size(), 0) == static_cast<int>(last.size()) &&
         std::all_of(last.begin(), last.end(),
                     [](const pollfd& entry) { return (entry.revents & POLLNVAL) != 0; });
}

}  // namespace brood::platform
