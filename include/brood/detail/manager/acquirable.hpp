#pragma once

#include <exception>

#include <brood/detail/shared/handle.hpp>
#include <brood/errors.hpp>

namespace brood::detail {

/// Acquirable, with an unlock() for guards. It throws nothing when the server has ended, since
/// nothing is held then. Nor does it, while another exception is on its way, where the lock is not
/// held: that is a consequence of the exception.
template <class Self>
class RemotelyAcquirable : public Acquirable<Self> {
 protected:
  void unlock() const {
    try {
      static_cast<const Self&>(*this).release();
    } catch (const SystemError&) {
    } catch (const UsageError&) {
      if (std::uncaught_exceptions() == 0) throw;
    }
  }
};

}  // namespace brood::detail
