#include "pool/borrowed_worker.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>

#include <brood/codec.hpp>

#include "platform/spin_budget.hpp"
#include "platform/system_calls.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;

namespace {

// How often a caller looks up from the worker that it drives.
constexpr std::chrono::milliseconds look_up{500};
// Bytes: a smaller result is copied out of the ring first.
constexpr std::uint64_t least_to_decode_early = std::uint64_t{1} << 20;

}  // namespace

/// The bytes of a large result. The worker is given room as they are read.
class BorrowedWorker::Incoming final : public detail::Supply {
 public:
  Incoming(BorrowedWorker& borrowed, std::uint64_t size)
      : borrowed_(borrowed), left_(static_cast<std::size_t>(size)) {}
  ~Incoming() override { borrowed_.worker_.skipped = left_; }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  std::size_t left() const noexcept override { return left_; }
  void read(void* target, std::size_t count) override {
    auto* at = static_cast<std::byte*>(target);
    for (std::byte* const end = at + count; at != end;) at += read_some({at, end});
  }
  /// Whether no more has come, or what makes no sense: what was decoded is no result.
  bool has_ended() const noexcept { return ended_; }

 private:
  std::size_t read_some(std::span<std::byte> target) {
    WorkerProcess& worker = borrowed_.worker_;
    ended_ = true;
    while (!worker.has_unread()) {
      // What it has written before its end is there by then.
      if (borrowed_.is_over() && !worker.has_unread())
        throw Error("brood: the worker has ended in a result");
      borrowed_.wait_for_news();
    }
    const std::size_t count = worker.results.read(worker.page(), target);
    worker.give_room();
    ended_ = false;
    left_ -= count;
    return count;
  }

  BorrowedWorker& borrowed_;
  std::size_t left_;
  bool ended_ = false;
};

bool BorrowedWorker::drive() {
  std::optional<bool> others_wait;
  while (!others_wait) others_wait = read();
  return *others_wait;
}

// Nothing while there is more to come.
std::optional<bool> BorrowedWorker::read() {
  std::exception_ptr error;
  Borrowing::News news = Borrowing::News::none;
  bool taken = false;
  std::optional<protocol::ParentSide::LargeResult> large;
  try {
    if (!worker_.broken && exchange()) news = Borrowing::News::written;
    if (news == Borrowing::News::written) large = large_result();
    taken = large && take(*large);
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  return access_.under_lock([&]() BROOD_REQUIRES(core_lock) {
    Borrowing& borrowing = access_.state().driver().borrowing();
    const auto over = taken ? borrowing.took(worker_, call_, *large, Clock::now())
                            : borrowing.read(worker_, call_, news, error, Clock::now());
    if (over) given_back_ = true;
    return over;
  });
}

// It stands behind an argument that the worker has read: nothing is left to be written.
std::optional<protocol::ParentSide::LargeResult> BorrowedWorker::large_result() const {
  using Large = protocol::ParentSide::LargeResult;
  if (arriving_ == nullptr || !worker_.stream.is_between_frames() || worker_.skipped != 0 ||
      !worker_.outbox.empty() || call_.result_shape() != detail::ResultShape{})
    return std::nullopt;
  const auto large = worker_.stream.large_result(
      worker_.results.peek(worker_.page(), Large::headers), least_to_decode_early);
  return large && large->header.job == call_.id && large->header.first == 0 ? large : std::nullopt;
}

// False where it has not come to its end. What decoding has left unread is dropped.
bool BorrowedWorker::take(const protocol::ParentSide::LargeResult& result) {
  Incoming incoming(*this, result.size);
  worker_.results.drop(worker_.page(), protocol::ParentSide::LargeResult::headers);
  arriving_->take(Reader({}, &incoming, detail::LoadPolicy::loaded_only));
  return !incoming.has_ended();
}

// Writes what there is to write, until the worker has told something. False when the worker has
// ended or refuses what it is sent.
bool BorrowedWorker::exchange() {
  using Stop = WorkerProcess::Stop;
  for (;;) {
    if (has_attachments() && access_.state().has_lost_descriptors()) return false;
    const Stop stop = worker_.write();
    if (stop == Stop::refused) return false;
    if (stop == Stop::channel_full || stop == Stop::crowded) {
      if (!wait_for_channel(stop == Stop::crowded)) return false;
    } else {
      wait_for_news();
    }
    if (worker_.ended) return false;  // the dispatcher reads what it has left, and no more
    if (worker_.has_unread()) return true;
    if (is_over()) return false;
  }
}

// What is sent with them may not go to another file that has their channel's number.
bool BorrowedWorker::has_attachments() const {
  return !worker_.outbox.empty() && !worker_.outbox.attachments().empty();
}

// Perhaps in the time that a wake-up would take.
void BorrowedWorker::wait_for_news() {
  if (platform::look(worker_.spin, [this] { return worker_.has_news(); })) return;
  worker_.sleep_until(Clock::now() + look_up);
}

// Nothing tells of its room but the system, so the worker's wake-ups come that way, too.
// False where they do not come any more.
bool BorrowedWorker::wait_for_channel(bool crowded) {
  if (!worker_.may_sleep(protocol::WakeUp::by_socket)) return true;
  if (access_.state().has_lost_descriptors()) return false;
  const auto most = crowded ? transfer::crowd_time : look_up;
  std::array<pollfd, 3> waits{
      pollfd{worker_.wake_ups.get(), POLLIN, 0}, pollfd{worker_.pidfd.get(), POLLIN, 0},
      pollfd{crowded ? -1 : worker_.descriptor_channel.number(), POLLOUT, 0}};
  platform::system_calls().poll(waits.data(), waits.size(), static_cast<int>(most.count()));
  if (waits[0].revents == 0) return true;
  return !access_.state().has_lost_descriptors() && worker_.receive_wake_ups();
}

// No signal may end the worker: see WorkerTable. A loss that nothing has told is found in the next
// look.
bool BorrowedWorker::is_over() const {
  const PoolState& state = access_.state();
  return worker_.ended || worker_.left || state.ended() || state.has_lost_descriptors();
}

void BorrowedWorker::abandon() noexcept {
  try {
    access_.under_lock([this]() BROOD_REQUIRES(core_lock) {
      access_.state().driver().borrowing().give_back_broken(worker_, call_, Clock::now());
    });
  } catch (...) {  // the dispatcher ends it all
  }
  access_.wake();
}

}  // namespace brood::pool
