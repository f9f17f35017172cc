#pragma once

#include "pool/scheduler/intents.hpp"
#include "pool/scheduler/parts.hpp"

namespace brood::pool {

/// What goes on behind questions to workers' pages, when all of them have their answers: README.md,
/// "Questions".
class Conclusions {
 public:
  explicit Conclusions(SchedulerParts& parts) : parts_(parts) {}

  /// Goes on with the intent: at once where no question is open, else behind those that wait.
  void then(const Intent& intent);
  /// Goes on with those that wait, up to the next question.
  void go_on();

 private:
  void conclude(const Intent& intent);
  void begin_pump(Time now);
  void begin_cancel(Intent intent);
  void end_cancel(const Intent& intent);

  SchedulerParts& parts_;
};

}  // namespace brood::pool
