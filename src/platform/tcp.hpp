#pragma once

#include <string>

#include "platform/descriptor.hpp"
#include "platform/futex.hpp"

namespace brood::platform {

struct Listener {
  Descriptor socket;
  std::string address;  // host:port, with the port that the system has chosen
};

/// Addresses are "host:port", an IPv6 host in brackets. Sockets are non-blocking, and notice within
/// a minute that the other machine is gone.
/// Throws UsageError for what is no address.
void demand_address(const std::string& address);
/// Listens; port 0 is any free one. Throws UsageError for what is no address, SystemError.
Listener listen_at(const std::string& address);
/// The next connection; null when there is none now, or none that could be taken.
Descriptor accept_from(int listener) noexcept;
/// Connects. Blocks until the deadline. Throws UsageError for what is no address, SystemError.
Descriptor connect_to(const std::string& address, const Deadline& deadline);

}  // namespace brood::platform
