#pragma once

#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include <brood/brood.hpp>

// One probe for each kind of shared object: how to make one, what another process does to it, and
// how to see here that it was the same object.
namespace brood::testing {

/// Takes and gives back a lock: wrong when the state of another process is found. Both sides write
/// into a Value that the lock goes with.
template <class T>
struct LockProbe {
  using Handle = std::tuple<T, Value<int>>;
  static Handle make() { return {}; }
  static void poke(const Handle& handle) {
    const std::lock_guard held(std::get<0>(handle));
    std::get<1>(handle).set(1);
  }
  /// Held here, it cannot be taken elsewhere: see LockIsOne in matrix_test.cpp.
  static bool seen(const Handle& handle) {
    return std::get<0>(handle).try_acquire() && (std::get<0>(handle).release(), true) &&
           std::get<1>(handle).get() == 1;
  }
};
struct SemaphoreProbe {
  using Handle = Semaphore;
  static Handle make() { return Semaphore(0); }
  static void poke(const Handle& handle) { handle.release(); }
  static bool seen(const Handle& handle) { return handle.value() == 1; }
};
struct BoundedSemaphoreProbe {
  using Handle = std::tuple<BoundedSemaphore, Value<int>>;
  static Handle make() { return {BoundedSemaphore(2), Value<int>(-1)}; }
  static void poke(const Handle& handle) {
    const auto& [semaphore, value] = handle;
    semaphore.acquire();
    value.set(static_cast<int>(semaphore.value()));
    semaphore.release();
  }
  static bool seen(const Handle& handle) {
    return std::get<1>(handle).get() == 1 && std::get<0>(handle).value() == 2;
  }
};
struct ConditionProbe {
  using Handle = std::tuple<Condition, Value<int>>;
  static Handle make() { return {}; }
  static void poke(const Handle& handle) {
    const auto& [condition, value] = handle;
    const std::lock_guard held(condition);
    value.set(1);
    condition.notify_all();
  }
  static bool seen(const Handle& handle) {
    const auto& [condition, value] = handle;
    const std::lock_guard held(condition);
    return condition.wait_for([&value = value] { return value.get() == 1; },
                              std::chrono::seconds(60));
  }
};
struct EventProbe {
  using Handle = Event;
  static Handle make() { return {}; }
  static void poke(const Handle& handle) { handle.set(); }
  static bool seen(const Handle& handle) { return handle.is_set(); }
};
struct BarrierProbe {
  using Handle = Barrier;
  static Handle make() { return Barrier(2); }
  static void poke(const Handle& handle) { handle.abort(); }
  static bool seen(const Handle& handle) { return handle.broken(); }
};
struct ValueProbe {
  using Handle = Value<long>;
  static Handle make() { return Value<long>(41); }
  static void poke(const Handle& handle) {
    handle.update([](long& value) { ++value; });
  }
  static bool seen(const Handle& handle) { return handle.get() == 42; }
};
struct AtomicProbe {
  using Handle = Value<std::atomic<int>>;
  static Handle make() { return Handle(41); }
  static void poke(const Handle& handle) { handle->fetch_add(1); }
  static bool seen(const Handle& handle) { return handle.get() == 42; }
};
struct ArrayProbe {
  using Handle = Array<double>;
  static Handle make() { return Array<double>(1000); }
  static void poke(const Handle& handle) { handle[999] = 2.5; }
  static bool seen(const Handle& handle) { return handle.at(999) == 2.5; }
};
struct SliceProbe {
  using Handle = ArraySlice<int>;
  static Handle make() { return Array<int>{1, 2, 3, 4}.slice(1, 2); }
  static void poke(const Handle& handle) {
    for (int& number : handle) number *= 10;
  }
  static bool seen(const Handle& handle) { return handle.size() == 2 && handle[1] == 30; }
};
struct SharedMemoryProbe {
  using Handle = SharedMemory;
  static Handle make() { return SharedMemory(1 << 20); }
  static void poke(const Handle& handle) { handle.data()[handle.size() - 1] = std::byte{7}; }
  static bool seen(const Handle& handle) { return handle.data()[(1 << 20) - 1] == std::byte{7}; }
};
template <template <class> class Q>
struct QueueProbe {
  using Handle = Q<std::string>;
  static Handle make() { return Handle(); }
  static void poke(const Handle& handle) { handle.put("from elsewhere"); }
  static bool seen(const Handle& handle) { return handle.try_get() == "from elsewhere"; }
};
struct ConnectionProbe {
  using Handle = std::pair<Connection, Connection>;
  static Handle make() { return pipe(); }
  static void poke(const Handle& handle) { Connection(handle.second).send(5); }
  static bool seen(const Handle& handle) { return Connection(handle.first).recv<int>() == 5; }
};
struct FileProbe {
  using Handle = std::pair<FileDescriptor, Connection>;
  static Handle make() {
    auto [one, other] = pipe();
    return {FileDescriptor(one.file_descriptor()), other};
  }
  static void poke(const Handle& handle) {
    Connection writer = handle.second;
    writer.send(handle.first.get() > 2);
  }
  static bool seen(const Handle& handle) {
    return !wait({Waitable(handle.first.get())}, std::chrono::seconds(60)).empty();
  }
};

// As tasks, and as what processes run.
template <class Probe>
void poke(const typename Probe::Handle& handle) {
  Probe::poke(handle);
}
template <class Probe>
typename Probe::Handle make_there() {
  return Probe::make();
}

}  // namespace brood::testing
