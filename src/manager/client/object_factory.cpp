#include <brood/errors.hpp>
#include <brood/object_factory.hpp>
#include "manager/operation_codec.hpp"

namespace brood {

using detail::ManagedRef;
using manager::call_operation;
using manager::RootOperations;

ManagedSpace ObjectFactory::space() const {
  return ManagedSpace(call_operation<&RootOperations::make_space>(root_));
}
ManagedRef ObjectFactory::make_queue(std::size_t maxsize) const {
  return call_operation<&RootOperations::make_queue>(root_, maxsize);
}
ManagedLock ObjectFactory::lock() const {
  return ManagedLock(call_operation<&RootOperations::make_lock>(root_, manager::Reentrant::no));
}
ManagedRLock ObjectFactory::rlock() const {
  return ManagedRLock(call_operation<&RootOperations::make_lock>(root_, manager::Reentrant::yes));
}
ManagedSemaphore ObjectFactory::semaphore(std::int64_t count) const {
  return ManagedSemaphore(
      call_operation<&RootOperations::make_semaphore>(root_, count, manager::Bounded::no));
}
ManagedBoundedSemaphore ObjectFactory::bounded_semaphore(std::int64_t count) const {
  return ManagedSemaphore(
      call_operation<&RootOperations::make_semaphore>(root_, count, manager::Bounded::yes));
}
ManagedEvent ObjectFactory::event() const {
  return ManagedEvent(call_operation<&RootOperations::make_event>(root_));
}
ManagedCondition ObjectFactory::condition_with(const ManagedRef& lock) const {
  if (server_of(lock) != server_of(root_))
    throw UsageError("brood::Manager::condition: its lock is an object of the same manager");
  return ManagedCondition(call_operation<&RootOperations::make_condition>(root_, object_of(lock)));
}
ManagedBarrier ObjectFactory::barrier(std::int64_t parties) const {
  return ManagedBarrier(call_operation<&RootOperations::make_barrier>(root_, parties));
}

}  // namespace brood
