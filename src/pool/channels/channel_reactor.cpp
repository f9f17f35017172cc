#include "pool/channels/channel_reactor.hpp"

#include <algorithm>
#include <exception>
#include <system_error>

#include <brood/errors.hpp>

namespace brood::pool {

using protocol::WakeUp;
using Stop = WorkerChannel::Stop;

namespace {

// Until it is asked again, so that one worker does not keep the others from being read.
constexpr int reads_per_turn = 8;

}  // namespace

void ChannelReactor::open(WorkerLink& link) {
  served_.resize(driver_.workers().all().size());
  served_[link.id] = {};
  watch_and_ask(link);
}

void ChannelReactor::watch_and_ask(WorkerLink& link) {
  sockets_.watch(link);
  served_[link.id].watched = true;
  if (!link.ask_for_wake_up(WakeUp::by_socket)) unread_.push_back(link.id);
}

void ChannelReactor::unwatch(WorkerLink& link) {
  sockets_.unwatch(link);
  served_[link.id].watched = false;
}

// A caller that borrows a worker waits for it itself.
void ChannelReactor::end_turn() {
  for (const WorkerId id : driver_.workers().settled()) {
    WorkerLink* const link = driver_.workers().find(id);
    if (link == nullptr || link->borrowed) continue;
    const Served& served = served_[link->id];
    if (!link->outbox.empty() && served.stopped_by == Stop::none) unwritten_.push_back(link);
    if (link->borrowable) {
      if (served.watched) unwatch(*link);
    } else if (!served.watched && !link->broken && !link->hung_up) {
      watch_and_ask(*link);
    }
  }
}

// --- what workers report ---

void ChannelReactor::on_wake_up(WorkerId id) {
  WorkerLink* const link = driver_.workers().find(id);
  if (link == nullptr) return;
  if (driver_.has_lost_descriptors()) return;  // a copy of this process keeps it watched
  const bool more = receive_wake_ups(*link);
  read_results(*link);
  if (served_[id].stopped_by == Stop::ring_full) on_room(id);
  if (more && !link->broken) return sockets_.watch(*link);
  unwatch(*link);  // the end of the process, which is near, tells the rest
  driver_.hung_up(*link);
}

// Where a caller drives the worker, or none does, nothing else would see that.
void ChannelReactor::on_hang_up(WorkerId id) {
  WorkerLink* const link = driver_.workers().find(id);
  if (link != nullptr) driver_.hung_up(*link);
}

void ChannelReactor::on_ended(WorkerId id) {
  WorkerLink* const link = driver_.workers().find(id);
  if (link != nullptr) driver_.ended(*link);
}

// False where it has hung up, or where what comes makes no sense.
bool ChannelReactor::receive_wake_ups(WorkerLink& link) try {
  return link.receive_wake_ups();
} catch (const std::exception&) {
  driver_.unreadable(link, std::current_exception());
  return false;
}

// The last read comes behind the request: what is told after that brings a wake-up.
void ChannelReactor::read_results(WorkerLink& link) {
  for (int turn = 0; turn < reads_per_turn && read_what_is_there(link); ++turn) {
  }
  if (!link.ask_for_wake_up(WakeUp::by_socket)) read_what_is_there(link);
}

// True if there was something. No more than a ring holds; the lock is held for some of it at a
// time.
bool ChannelReactor::read_what_is_there(WorkerLink& link) {
  constexpr std::size_t most = protocol::WorkerPage::buffer_size;
  std::size_t left = most;
  while (left != 0 && !link.broken && link.has_unread()) left -= std::min(left, driver_.read(link));
  return left != most;
}

// --- what they are sent ---

// It needs no lock: a link with something in its outbox is not borrowed. What is read may bring new
// links with news of their own.
bool ChannelReactor::flush() {
  bool told = false;
  for (WorkerLink* const link : unwritten_) told |= !flush(*link);
  unwritten_.clear();
  for (std::size_t i = 0; i != unread_.size(); ++i) {
    WorkerLink* const link = driver_.workers().find(unread_[i]);
    // A caller may have it by now; while it is not borrowable, none can come.
    if (link == nullptr || link->borrowable) continue;
    read_results(*link);
    told = true;
  }
  unread_.clear();
  return !told;
}

// False where the driver has been told something. Where the ring is full, the wake-up that has been
// asked for comes when there is room, too.
bool ChannelReactor::flush(WorkerLink& link) {
  if (link.broken || driver_.is_terminated()) return true;
  const Stop stop = served_[link.id].stopped_by = write(link);
  if (stop == Stop::channel_full || stop == Stop::crowded) sockets_.wait_for_room(link, stop);
  return stop != Stop::refused;
}

// What cannot be written to is broken.
Stop ChannelReactor::write(WorkerLink& link) try {
  const Stop stop = link.write();
  if (stop == Stop::refused)
    driver_.unreadable(link, std::make_exception_ptr(SystemError(
                                 "sendmsg", "sending shared objects to a worker",
                                 static_cast<int>(std::errc::operation_not_permitted))));
  return stop;
} catch (const std::exception&) {
  driver_.unreadable(link, std::current_exception());
  return Stop::refused;
}

void ChannelReactor::on_room(WorkerId id) {
  WorkerLink* const link = driver_.workers().find(id);
  if (link == nullptr) return;
  served_[id].stopped_by = Stop::none;
  if (!driver_.has_lost_descriptors()) flush(*link);
}

}  // namespace brood::pool
