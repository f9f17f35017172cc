#include <unistd.h>

#include "support/events.hpp"
#include "victims/tasks.hpp"

int brood::victims::never_returns(const std::string& mailbox) {
  testing::Mailbox::send(mailbox, std::to_string(::getpid()));
  volatile unsigned spin = 0;
  for (;;) {
    const unsigned next = spin + 1;
    spin = next;
  }
}
