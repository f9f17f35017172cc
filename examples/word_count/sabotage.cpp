#include "sabotage.hpp"

#include <chrono>
#include <thread>

namespace word_count {

namespace {

using namespace std::chrono_literals;

void crash() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}

void hang() {
  for (;;) std::this_thread::sleep_for(1h);
}

std::string end_of(const brood::AsyncResult<void>& result) {
  try {
    result.get();
    return "nothing happened";
  } catch (const brood::Error& error) {
    return error.what();
  }
}

}  // namespace

Sabotage::Sabotage(brood::Pool& pool)
    : crash_(pool.apply_async(crash)), hang_(pool.with({.timeout = 1s}).apply_async(hang)) {}

std::vector<std::string> Sabotage::ends() { return {end_of(crash_), end_of(hang_)}; }

}  // namespace word_count
