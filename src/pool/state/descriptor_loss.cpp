#include "pool/state/descriptor_loss.hpp"

#include <cerrno>

#include <brood/errors.hpp>
#include "pool/failures/errors.hpp"
#include "pool/state/interrupt.hpp"

namespace brood::pool {

void DescriptorLoss::declare(const EndCalls& end_calls) noexcept {
  std::call_once(declared_, [&] {
    kept_ = pool_.lock();
    platform::forget_lost_descriptors();
    Interrupt::lose_descriptors();
    std::exception_ptr error = out_of_memory();
    if_possible([&] {
      error = std::make_exception_ptr(
          SystemError("close", "this program has closed descriptors of a brood::Pool", EBADF));
    });
    end_calls(error);
    over_.store(true);
  });
}

}  // namespace brood::pool
