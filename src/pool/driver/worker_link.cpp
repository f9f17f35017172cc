#include "pool/driver/worker_link.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "protocol/messages.hpp"

namespace brood::pool {

namespace {
// A limit for one result is none for a frame, which may hold many small ones, an exception or log
// records.
std::uint64_t frame_limit(std::uint64_t message_limit) {
  return std::max(message_limit, message_limit + protocol::most_beside_a_result);
}
}  // namespace

WorkerLink::WorkerLink(WorkerId worker, std::string worker_name, std::uint64_t message_limit,
                       Time asked, std::size_t task_capacity)
    : WorkerChannel(task_capacity),
      id(worker),
      name(std::move(worker_name)),
      since(asked),
      logs(std::make_shared<LogQueue::Source>(name)),
      stream(frame_limit(message_limit)) {}

void WorkerLink::send_descriptors(JobId job, std::uint64_t attachment_group,
                                  std::span<const detail::DescriptorRef> descriptors) {
  if (descriptors.empty()) return;
  Sent& here = sent_[attachment_group];
  here.job = job;
  std::vector<detail::DescriptorRef> fresh;
  for (const detail::DescriptorRef& descriptor : descriptors) {
    if (here.descriptors.insert(descriptor).second) fresh.push_back(descriptor);
  }
  outbox.attach(attachment_group, fresh);
}

void WorkerLink::forget_attachment_groups(JobId job, std::uint64_t oldest) {
  std::erase_if(sent_, [&](const auto& entry) {
    if (entry.second.job != job || entry.first == job || entry.first >= oldest) return false;
    protocol::append_message(outbox.tail(), protocol::Type::forget,
                             protocol::ForgetHeader{entry.first});
    return true;
  });
}

void WorkerLink::forget(JobId job) {
  forget_attachment_groups(job, ~std::uint64_t{0});
  sent_.erase(job);
  protocol::append_message(outbox.tail(), protocol::Type::forget, protocol::ForgetHeader{job});
}

}  // namespace brood::pool
