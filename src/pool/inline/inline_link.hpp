#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "platform/mapping.hpp"
#include "pool/driver/worker_link.hpp"
#include "worker/inline_worker.hpp"

namespace brood::pool {

/// A worker in this process, and its page, as the driver knows them: what a link is in a pool of
/// start method "inline". Threads: the one that has the pool's elements run.
class InlineLink final : public WorkerLink {
 public:
  /// Throws SystemError.
  InlineLink(worker::InlineOwner& owner, worker::InlineWorker::Place place, WorkerId slot,
             std::string called, std::uint64_t message_limit)
      : WorkerLink(slot, std::move(called), message_limit, std::chrono::steady_clock::now()),
        mapping_(platform::SharedMapping::create(
            "brood-inline", protocol::page_size,
            {protocol::WorkerPage::buffer_size, protocol::rings_in_page})),
        worker_(owner, page_of(*this, mapping_), name, place) {
    mapping_.drop_descriptor();
    mapping_.keep_from_forks();
  }

  worker::InlineWorker& worker() noexcept { return worker_; }
  /// The next result has this one in it.
  void take(const detail::DescriptorRef& descriptor) { descriptors_.push_back(descriptor); }

  /// Nothing more is begun of the `sent` elements, and what is reported from here on is dropped.
  void cut_off(std::uint64_t sent) noexcept BROOD_REQUIRES(core_lock) {
    if (std::exchange(cut_off_, true)) return;
    if (page().revocation.load() != protocol::WorkerPage::not_revoked) return;  // of all of them
    watch.ask(page(), sent);
    watch.decide(page(), protocol::PageWatch::Barrier::passed);
  }
  bool is_cut_off() const noexcept BROOD_REQUIRES(core_lock) { return cut_off_; }

  transfer::ReceivedDescriptors receive_descriptors() override {
    transfer::ReceivedDescriptors next;
    if (taken_ == descriptors_.size()) return next;
    next.received = true;
    next.descriptors.push_back(std::move(descriptors_[taken_++]));
    if (taken_ == descriptors_.size()) {
      descriptors_.clear();
      taken_ = 0;
    }
    return next;
  }
  bool receive_wake_ups() override { return true; }

 private:
  // Before the worker is made, which looks at it.
  static protocol::WorkerPage& page_of(InlineLink& link, const platform::SharedMapping& mapping) {
    link.set_page(mapping.data());
    return link.page();
  }
  // It does not sleep: it is this thread.
  void wake_worker() noexcept override {}
  void wake_owner() noexcept override {}
  void wake_for_stop() noexcept override {}
  // They are in this process, and the job keeps them there.
  platform::SendState send_now(std::uint64_t,
                               std::span<const detail::DescriptorRef>& unsent) override {
    unsent = {};
    return platform::SendState::sent;
  }

  platform::SharedMapping mapping_;  // of the page
  worker::InlineWorker worker_;
  std::vector<detail::DescriptorRef> descriptors_;
  std::size_t taken_ = 0;  // of them
  bool cut_off_ BROOD_GUARDED_BY(core_lock) = false;
};

/// What a link is in such a pool.
inline InlineLink& inline_link(WorkerLink& link) noexcept { return static_cast<InlineLink&>(link); }

}  // namespace brood::pool
