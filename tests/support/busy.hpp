#pragma once

#include <unistd.h>

#include <string>

#include "support/events.hpp"

/// Tasks that never end; each says first that it runs.
namespace brood::testing {

inline int computes(const std::string& mailbox) {
  Mailbox::send(mailbox, "computes");
  volatile unsigned spin = 0;
  for (;;) {
    const unsigned next = spin + 1;
    spin = next;
  }
}
inline int blocks(const std::string& mailbox) {
  Mailbox::send(mailbox, "blocks");
  for (;;) ::pause();
}

}  // namespace brood::testing
