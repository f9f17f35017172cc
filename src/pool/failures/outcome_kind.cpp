#include <brood/outcome.hpp>

#include <new>

#include "pool/failures/causes.hpp"

namespace brood::detail {

const TaskError* task_error_in(const std::exception_ptr& error) noexcept {
  if (const auto* const itself = pool::exception_as<TaskError>(error)) return itself;
  const auto* const outer = pool::exception_as<std::nested_exception>(error);
  return outer == nullptr ? nullptr : pool::exception_as<TaskError>(outer->nested_ptr());
}

// A task's exception of a type that is final has no TaskError in it.
OutcomeKind kind_of(const std::exception_ptr& error) noexcept {
  if (!error) return OutcomeKind::error;
  if (task_error_in(error) != nullptr) return OutcomeKind::exception;
  try {
    std::rethrow_exception(error);
  } catch (const WorkerLost&) {
    return OutcomeKind::worker_lost;
  } catch (const TaskTimeout&) {
    return OutcomeKind::timeout;
  } catch (const Cancelled&) {
    return OutcomeKind::cancelled;
  } catch (const Error&) {
    return OutcomeKind::error;
  } catch (const std::bad_alloc&) {
    return OutcomeKind::error;
  } catch (...) {
    return OutcomeKind::exception;
  }
}

}  // namespace brood::detail
