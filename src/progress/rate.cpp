#include "progress/rate.hpp"

#include <algorithm>
#include <cmath>

namespace brood::progress {

namespace {
double seconds_between(Time from, Time to) {
  return std::max(std::chrono::duration<double>(to - from).count(), 0.0);
}
}  // namespace

Rate::Decay Rate::decay(Time now) const {
  const double memory = std::max(10.0, seconds_between(start_, now) / 3);
  const double factor = std::exp(-seconds_between(last_, now) / memory);
  return {factor, memory * (1 - factor)};
}

// The elements that come now were worked on since the last ones came, so they count as much as that
// time does.
void Rate::add(std::size_t elements, Time now) {
  if (elements == 0) return;
  const double passed = seconds_between(last_, now);
  const Decay since = decay(now);
  const double weight = passed > 0 ? since.seconds / passed : 1;
  elements_ = elements_ * since.factor + weight * static_cast<double>(elements);
  arrivals_ = arrivals_ * since.factor + weight;
  seconds_ = seconds_ * since.factor + since.seconds;
  last_ = std::max(last_, now);
}

// As if as many elements as usual came now: where even so they are fewer per second than before,
// they are late.
double Rate::per_second(Time now) const {
  if (elements_ <= 0 || seconds_ <= 0) return 0;
  const double before = elements_ / seconds_;
  const double passed = seconds_between(last_, now);
  if (passed <= 0) return before;
  const Decay since = decay(now);
  const double usual = elements_ / arrivals_ * since.seconds / passed;
  return std::min(before,
                  (elements_ * since.factor + usual) / (seconds_ * since.factor + since.seconds));
}

}  // namespace brood::progress
