// The library's own objects, as their clients see them.
#include <string>

#include <brood/errors.hpp>
#include <brood/managed_locks.hpp>
#include <brood/managed_queue.hpp>
#include <brood/managed_space.hpp>
#include "base/type_name.hpp"
#include "manager/client/holdings.hpp"
#include "manager/messages.hpp"
#include "manager/stubs.hpp"

namespace brood {

using detail::call_stub;
using detail::Deadline;
using manager::patience_until;

namespace {

/// `abandon` is what the server is told when the calling thread ends with the lock.
bool acquire_held(const detail::ManagedRef& lock, detail::ServedStub stub,
                  detail::ServedStub abandon, const Deadline& deadline) {
  const bool got = call_stub<bool>(lock, stub, patience_until(deadline));
  if (got) manager::note_acquired(lock, abandon);
  return got;
}
void release_held(const detail::ManagedRef& lock, detail::ServedStub stub) {
  call_stub<void>(lock, stub);
  manager::note_released(lock);
}

}  // namespace

namespace detail {

bool ManagedMutex::acquire_by(const Deadline& deadline) const {
  return acquire_held(*this, &manager::lock_acquire, &manager::lock_abandon, deadline);
}
void ManagedMutex::release() const { release_held(*this, &manager::lock_release); }
bool ManagedMutex::locked() const { return call_stub<bool>(*this, &manager::lock_is_held); }
bool ManagedMutex::owner_died() const { return call_stub<bool>(*this, &manager::lock_owner_died); }

std::size_t ManagedQueueBase::size() const {
  return call_stub<std::uint64_t>(*this, &manager::queue_size);
}
std::size_t ManagedQueueBase::maxsize() const {
  return call_stub<std::uint64_t>(*this, &manager::queue_maxsize);
}
bool ManagedQueueBase::full() const {
  const std::size_t most = maxsize();
  return most != 0 && size() >= most;
}
void ManagedQueueBase::close() const { call_stub<void>(*this, &manager::queue_close); }
bool ManagedQueueBase::closed() const { return call_stub<bool>(*this, &manager::queue_is_closed); }
void ManagedQueueBase::task_done() const { call_stub<void>(*this, &manager::queue_task_done); }
bool ManagedQueueBase::join_by(const Deadline& deadline) const {
  return call_stub<bool>(*this, &manager::queue_join, patience_until(deadline));
}
Bytes ManagedQueueBase::begin_put(const Deadline& deadline) const {
  Bytes started = begin_request(*this, &manager::queue_put);
  encode_value(started, patience_until(deadline));
  return started;
}
bool ManagedQueueBase::put_request(const Bytes& request) const {
  return send_request(*this, request).get<bool>();
}
Reply ManagedQueueBase::get_by(const Deadline& deadline) const {
  Bytes started = begin_request(*this, &manager::queue_get);
  encode_value(started, patience_until(deadline));
  return send_request(*this, started);
}

}  // namespace detail

bool ManagedSemaphore::acquire_by(const Deadline& deadline) const {
  return call_stub<bool>(*this, &manager::semaphore_acquire, patience_until(deadline));
}
void ManagedSemaphore::release(std::int64_t count) const {
  call_stub<void>(*this, &manager::semaphore_release, count);
}
std::int64_t ManagedSemaphore::value() const {
  return call_stub<std::int64_t>(*this, &manager::semaphore_value);
}

void ManagedEvent::set() const { call_stub<void>(*this, &manager::event_set); }
void ManagedEvent::clear() const { call_stub<void>(*this, &manager::event_clear); }
bool ManagedEvent::is_set() const { return call_stub<bool>(*this, &manager::event_is_set); }
bool ManagedEvent::wait_by(const Deadline& deadline) const {
  return call_stub<bool>(*this, &manager::event_wait, patience_until(deadline));
}

bool ManagedCondition::acquire_by(const Deadline& deadline) const {
  return acquire_held(*this, &manager::condition_acquire, &manager::condition_abandon, deadline);
}
void ManagedCondition::release() const { release_held(*this, &manager::condition_release); }
bool ManagedCondition::owner_died() const {
  return call_stub<bool>(*this, &manager::condition_owner_died);
}
bool ManagedCondition::wait_by(const Deadline& deadline) const {
  return call_stub<bool>(*this, &manager::condition_wait, patience_until(deadline));
}
void ManagedCondition::notify(std::size_t count) const {
  call_stub<void>(*this, &manager::condition_notify, static_cast<std::uint64_t>(count));
}

std::size_t ManagedBarrier::wait_by(const Deadline& deadline) const {
  return call_stub<std::uint64_t>(*this, &manager::barrier_wait, patience_until(deadline));
}
std::size_t ManagedBarrier::parties() const {
  return call_stub<std::uint64_t>(*this, &manager::barrier_parties);
}
std::size_t ManagedBarrier::n_waiting() const {
  return call_stub<std::uint64_t>(*this, &manager::barrier_waiting);
}
void ManagedBarrier::reset() const { call_stub<void>(*this, &manager::barrier_reset); }
void ManagedBarrier::abort() const { call_stub<void>(*this, &manager::barrier_abort); }
bool ManagedBarrier::broken() const { return call_stub<bool>(*this, &manager::barrier_is_broken); }

detail::Bytes ManagedSpace::begin_set(const std::string& name, const std::type_info& type) const {
  detail::Bytes started = begin_request(*this, &manager::space_set);
  detail::encode_value(started, name);
  detail::encode_value(started, base::type_name(type));
  return started;
}
detail::Reply ManagedSpace::find(const std::string& name, const std::type_info& type) const {
  detail::Bytes started = begin_request(*this, &manager::space_get);
  detail::encode_value(started, name);
  detail::encode_value(started, base::type_name(type));
  return send_request(*this, started);
}
bool ManagedSpace::has(const std::string& name) const {
  return call_stub<bool>(*this, &manager::space_has, name);
}
bool ManagedSpace::erase(const std::string& name) const {
  return call_stub<bool>(*this, &manager::space_erase, name);
}
std::vector<std::string> ManagedSpace::names() const {
  return call_stub<std::vector<std::string>>(*this, &manager::space_names);
}

}  // namespace brood
