// The library's own objects, as their clients see them.
#include <string>

#include <brood/errors.hpp>
#include <brood/managed_locks.hpp>
#include <brood/managed_queue.hpp>
#include <brood/managed_space.hpp>
#include "base/type_name.hpp"
#include "manager/client/holdings.hpp"
#include "manager/messages.hpp"
#include "manager/operation_codec.hpp"

namespace brood {

using detail::Deadline;
using manager::BarrierOperations;
using manager::call_operation;
using manager::ConditionOperations;
using manager::EventOperations;
using manager::LockOperations;
using manager::Operation;
using manager::patience_until;
using manager::QueueOperations;
using manager::SemaphoreOperations;
using manager::SpaceOperations;
using manager::ValueFollows;

namespace {

/// `Abandon` is what the server is told when the calling thread ends with the lock.
template <auto Acquire, auto Abandon>
bool acquire_held(const detail::ManagedRef& lock, const Deadline& deadline) {
  const bool got = call_operation<Acquire>(lock, patience_until(deadline));
  if (got) manager::note_acquired(lock, &call_operation<Abandon>);
  return got;
}
template <auto Release>
void release_held(const detail::ManagedRef& lock) {
  call_operation<Release>(lock);
  manager::note_released(lock);
}

}  // namespace

namespace detail {

bool ManagedMutex::acquire_by(const Deadline& deadline) const {
  return acquire_held<&LockOperations::acquire, &LockOperations::abandon>(*this, deadline);
}
void ManagedMutex::release() const { release_held<&LockOperations::release>(*this); }
bool ManagedMutex::locked() const { return call_operation<&LockOperations::is_held>(*this); }
bool ManagedMutex::owner_died() const { return call_operation<&LockOperations::owner_died>(*this); }

std::size_t ManagedQueueBase::size() const { return call_operation<&QueueOperations::size>(*this); }
std::size_t ManagedQueueBase::maxsize() const {
  return call_operation<&QueueOperations::maxsize>(*this);
}
bool ManagedQueueBase::full() const {
  const std::size_t most = maxsize();
  return most != 0 && size() >= most;
}
void ManagedQueueBase::close() const { call_operation<&QueueOperations::close>(*this); }
bool ManagedQueueBase::closed() const { return call_operation<&QueueOperations::is_closed>(*this); }
void ManagedQueueBase::task_done() const { call_operation<&QueueOperations::task_done>(*this); }
bool ManagedQueueBase::join_by(const Deadline& deadline) const {
  return call_operation<&QueueOperations::join>(*this, patience_until(deadline));
}
Bytes ManagedQueueBase::begin_put(const Deadline& deadline) const {
  return Operation<&QueueOperations::put>::begin(*this, patience_until(deadline), ValueFollows());
}
bool ManagedQueueBase::put_request(const Bytes& request) const {
  return Operation<&QueueOperations::put>::send(*this, request);
}
Reply ManagedQueueBase::get_by(const Deadline& deadline) const {
  return call_operation<&QueueOperations::get>(*this, patience_until(deadline));
}

}  // namespace detail

bool ManagedSemaphore::acquire_by(const Deadline& deadline) const {
  return call_operation<&SemaphoreOperations::acquire>(*this, patience_until(deadline));
}
void ManagedSemaphore::release(std::int64_t count) const {
  call_operation<&SemaphoreOperations::release>(*this, count);
}
std::int64_t ManagedSemaphore::value() const {
  return call_operation<&SemaphoreOperations::value>(*this);
}

void ManagedEvent::set() const { call_operation<&EventOperations::set>(*this); }
void ManagedEvent::clear() const { call_operation<&EventOperations::clear>(*this); }
bool ManagedEvent::is_set() const { return call_operation<&EventOperations::is_set>(*this); }
bool ManagedEvent::wait_by(const Deadline& deadline) const {
  return call_operation<&EventOperations::wait>(*this, patience_until(deadline));
}

bool ManagedCondition::acquire_by(const Deadline& deadline) const {
  return acquire_held<&ConditionOperations::acquire, &ConditionOperations::abandon>(*this,
                                                                                    deadline);
}
void ManagedCondition::release() const { release_held<&ConditionOperations::release>(*this); }
bool ManagedCondition::owner_died() const {
  return call_operation<&ConditionOperations::owner_died>(*this);
}
bool ManagedCondition::wait_by(const Deadline& deadline) const {
  return call_operation<&ConditionOperations::wait>(*this, patience_until(deadline));
}
void ManagedCondition::notify(std::size_t count) const {
  call_operation<&ConditionOperations::notify>(*this, count);
}

std::size_t ManagedBarrier::wait_by(const Deadline& deadline) const {
  return call_operation<&BarrierOperations::wait>(*this, patience_until(deadline));
}
std::size_t ManagedBarrier::parties() const {
  return call_operation<&BarrierOperations::parties>(*this);
}
std::size_t ManagedBarrier::n_waiting() const {
  return call_operation<&BarrierOperations::waiting>(*this);
}
void ManagedBarrier::reset() const { call_operation<&BarrierOperations::reset>(*this); }
void ManagedBarrier::abort() const { call_operation<&BarrierOperations::abort>(*this); }
bool ManagedBarrier::broken() const { return call_operation<&BarrierOperations::is_broken>(*this); }

detail::Bytes ManagedSpace::begin_set(const std::string& name, const std::type_info& type) const {
  return Operation<&SpaceOperations::set>::begin(*this, name, base::type_name(type),
                                                 ValueFollows());
}
detail::Reply ManagedSpace::find(const std::string& name, const std::type_info& type) const {
  return call_operation<&SpaceOperations::get>(*this, name, base::type_name(type));
}
bool ManagedSpace::has(const std::string& name) const {
  return call_operation<&SpaceOperations::has>(*this, name);
}
bool ManagedSpace::erase(const std::string& name) const {
  return call_operation<&SpaceOperations::erase>(*this, name);
}
std::vector<std::string> ManagedSpace::names() const {
  return call_operation<&SpaceOperations::names>(*this);
}

}  // namespace brood
