#include "pool/failures/errors.hpp"

#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>

#include <brood/errors.hpp>

namespace brood::pool {

const std::exception_ptr& out_of_memory() {
  static const std::exception_ptr error = std::make_exception_ptr(
      SystemError("malloc", "the process that owns the pool is out of memory", ENOMEM));
  return error;
}

bool is_shortage(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const std::length_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

std::exception_ptr shortage(const std::string& stage) {
  return std::make_exception_ptr(SystemError("malloc", stage, ENOMEM));
}

int code_of(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& refused) {
    return refused.code().value();
  } catch (const SystemError& refused) {
    return refused.code().value();
  } catch (...) {
    return is_shortage(error) ? ENOMEM : ECANCELED;
  }
}

}  // namespace brood::pool
