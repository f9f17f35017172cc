#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/detail/manager/served_call.hpp>
#include "manager/messages.hpp"

// What clients can call of the library's own objects. A function here says of its operation what
// travels: its arguments, behind the call itself, and its result. It is defined in server/, beside
// its object, and called in client/ by way of operation_codec.hpp. Neither side compiles where it
// differs from what is here.
namespace brood::manager {

using detail::ServedCall;

class Stored;
/// A value of any type, encoded: the server keeps it as it came. As an argument it is the last.
using AnyValue = std::shared_ptr<const Stored>;
/// As a result: an object, of which the client gets a proxy.
using NewObject = detail::ServedObject;

/// Whether the thread that holds a lock may take it again.
enum class Reentrant : std::uint8_t { no, yes };
/// Whether a semaphore refuses to be released more often than acquired.
enum class Bounded : std::uint8_t { no, yes };

struct RootOperations {
  static std::uint64_t count_objects(ServedCall& call);
  static NewObject make_space(ServedCall& call);
  static NewObject make_queue(ServedCall& call, std::uint64_t maxsize);
  static NewObject make_lock(ServedCall& call, Reentrant reentrant);
  static NewObject make_semaphore(ServedCall& call, std::int64_t count, Bounded bounded);
  static NewObject make_event(ServedCall& call);
  static NewObject make_condition(ServedCall& call, std::uint64_t lock);  // number of an object
  static NewObject make_barrier(ServedCall& call, std::int64_t parties);
};

struct LockOperations {
  static bool acquire(ServedCall& call, Patience patience);
  static void release(ServedCall& call);
  static void abandon(ServedCall& call);
  static bool is_held(ServedCall& call);
  static bool owner_died(ServedCall& call);
};

struct SemaphoreOperations {
  static bool acquire(ServedCall& call, Patience patience);
  static void release(ServedCall& call, std::int64_t count);
  static std::int64_t value(ServedCall& call);
};

struct EventOperations {
  static void set(ServedCall& call);
  static void clear(ServedCall& call);
  static bool is_set(ServedCall& call);
  static bool wait(ServedCall& call, Patience patience);
};

struct ConditionOperations {
  static bool acquire(ServedCall& call, Patience patience);
  static void release(ServedCall& call);
  static void abandon(ServedCall& call);
  static bool owner_died(ServedCall& call);
  static bool wait(ServedCall& call, Patience patience);
  static void notify(ServedCall& call, std::uint64_t count);
};

struct BarrierOperations {
  static std::uint64_t wait(ServedCall& call, Patience patience);
  static std::uint64_t parties(ServedCall& call);
  static std::uint64_t waiting(ServedCall& call);
  static void reset(ServedCall& call);
  static void abort(ServedCall& call);
  static bool is_broken(ServedCall& call);
};

struct QueueOperations {
  static bool put(ServedCall& call, Patience patience, AnyValue value);
  /// Whether there is a value, and then the value.
  static std::optional<AnyValue> get(ServedCall& call, Patience patience);
  static std::uint64_t size(ServedCall& call);
  static std::uint64_t maxsize(ServedCall& call);
  static void close(ServedCall& call);
  static bool is_closed(ServedCall& call);
  static void task_done(ServedCall& call);
  static bool join(ServedCall& call, Patience patience);
};

struct SpaceOperations {
  static void set(ServedCall& call, const std::string& name, const std::string& type,
                  AnyValue value);
  static AnyValue get(ServedCall& call, const std::string& name, const std::string& type);
  static bool has(ServedCall& call, const std::string& name);
  static bool erase(ServedCall& call, const std::string& name);
  static std::vector<std::string> names(ServedCall& call);
};

}  // namespace brood::manager
