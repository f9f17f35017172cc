#include <unistd.h>

#include <csignal>

#include "victims/tasks.hpp"

int brood::victims::ignores_sigterm() {
  std::signal(SIGTERM, SIG_IGN);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &one, nullptr);
  for (;;) ::pause();
}
