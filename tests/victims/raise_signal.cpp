#include <unistd.h>

#include <csignal>

#include "victims/tasks.hpp"

int brood::victims::raise_signal(int number) {
  std::signal(number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::kill(::getpid(), number);
  for (;;) ::pause();  // another thread may be the one that takes it
}
