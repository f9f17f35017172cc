#pragma once

#include <utility>

#include "manager/account.hpp"
#include "manager/server/call.hpp"

namespace brood::manager {

/// A value that the server keeps as it came, with the descriptors that belong to it: its type means
/// nothing here.
class Stored {
 public:
  /// Takes what is left of the arguments, and the request with it.
  explicit Stored(detail::ServedCall& call) : left_(call.arguments().left()) {
    envelope_ = std::move(call.state().envelope);
    charge_ = call.state().caller.take_charge();
  }

  /// It is the taker's from now on, though the server keeps it until that has it for sure. Threads:
  /// one at a time.
  void set_taken() const noexcept { charge_.clear(); }
  void append_to(detail::Bytes& result) const {
    const auto bytes = envelope_.view().last(left_);
    result.append(bytes.data(), bytes.size());
    for (const detail::DescriptorRef& descriptor : envelope_.descriptors) result.attach(descriptor);
  }

 private:
  std::size_t left_;
  detail::Envelope envelope_;
  mutable Charge charge_;
};

}  // namespace brood::manager
