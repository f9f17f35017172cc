#include "soak/growth.hpp"

#include <malloc.h>
#include <poll.h>

#include <algorithm>

#include "support/processes.hpp"

namespace brood::soak {
namespace {

constexpr std::size_t most_growth = std::size_t{64} << 20;  // bytes of resident memory
constexpr int settling_rounds = 5;  // of which memory may grow: caches, stacks, arenas

}  // namespace

void Growth::check() {
  const testing::Belongings now = settled();
  ::malloc_trim(0);
  resident_ = testing::resident_of(::getpid());
  if (!first_) first_ = now;  // with the fork server, which stays
  if (rounds_++ < settling_rounds) settled_resident_ = std::max(settled_resident_, resident_);
  compare("descriptors", now.descriptors.size(), first_->descriptors.size());
  compare("processes", now.children.size(), first_->children.size());
  compare("threads", now.threads, first_->threads);
  compare("shared segments", now.segments.size(), first_->segments.size());
  if (resident_ > settled_resident_ + most_growth)
    complain_("resident memory grew to " + std::to_string(resident_ >> 20) + " MiB");
}

// A joined thread leaves /proc a moment later.
testing::Belongings Growth::settled() const {
  testing::Belongings now = testing::Belongings::now();
  const auto same = [&] {
    return !first_ ||
           (now.descriptors.size() == first_->descriptors.size() &&
            now.children.size() == first_->children.size() && now.threads == first_->threads);
  };
  for (int wait = 0; wait < 1000 && !same(); ++wait) {
    ::poll(nullptr, 0, 1);
    now = testing::Belongings::now();
  }
  return now;
}

void Growth::compare(const char* what, std::size_t now, std::size_t first) const {
  if (now == first) return;
  complain_(std::to_string(now) + " " + what + " after a round, " + std::to_string(first) +
            " after the first");
}

}  // namespace brood::soak
