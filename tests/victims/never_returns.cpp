#include <unistd.h>

#include "support/events.hpp"
#include "victims/tasks.hpp"

int brood::victims::never_returns(const std::string& mailbox) {
  testing::Mailbox::send(mailbox, std::to_string(::getpid()));
  for (volatile unsigned spin = 0;; spin = spin + 1) {
  }
}
