#include "pool/calls/run_frame.hpp"

#include <cstdint>
#include <utility>

#include "pool/base/outbox.hpp"
#include "pool/calls/call_job.hpp"
#include "protocol/messages.hpp"
#include "wire/frame.hpp"

namespace brood::pool {

RunFrame::RunFrame(Outbox& outbox, const CallJob& job)
    : outbox_(outbox),
      job_(job),
      tail_(outbox.tail()),
      begin_(wire::begin_frame(tail_, static_cast<std::uint16_t>(protocol::Type::run))) {}

void RunFrame::borrow(std::span<const std::byte> memory, std::shared_ptr<const void> keeper) {
  if (!keeper) keeper = job_.shared_from_this();
  outbox_.borrow(memory, std::move(keeper), job_.id);
  borrowed_ += memory.size();
}

std::size_t RunFrame::finish() noexcept {
  wire::finish_frame(tail_, begin_, borrowed_);
  return tail_.size() - begin_ + borrowed_;
}

}  // namespace brood::pool
