#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "protocol/messages.hpp"
#include "protocol/page.hpp"
#include "support/dice.hpp"

// Tasks that behave as code would that has taken a worker over. See README.md.
namespace brood::hostile {

/// Of one attack, or one round.
class Dice : public testing::Dice {
 public:
  using testing::Dice::Dice;
  /// A number that may be taken for `right`: itself, its neighbours, nothing, very much.
  std::uint64_t near(std::uint64_t right);
  std::string bytes(std::size_t count);
};

/// What an attack has in hand.
class Foe {
 public:
  explicit Foe(std::uint64_t seed) : dice(seed) {}
  Dice dice;
  /// Of this worker. Throws where it cannot be found.
  protocol::WorkerPage& page();
  /// The elements that the owner has sent with this one.
  protocol::RunHeader run();

 private:
  protocol::WorkerPage* page_ = nullptr;
  std::optional<protocol::RunHeader> run_;
};

/// What the task does when the attack is over.
enum class Ending : std::uint8_t { returns, throws, exits, dies, never_ends, stops };
inline constexpr std::uint8_t endings = 6, endings_that_end = 4;

struct Attack {
  const char* name;
  void (*strike)(Foe& foe);
  /// Why it is left out for now: a fault of the library's that it shows. Null: it holds.
  const char* left_out = nullptr;
  /// Whether it is aimed at objects that came with the task.
  bool shared = false;
  /// Whether its worker answers afterwards, or is stopped: then calls need no timeout to end.
  bool answers = false;
};

/// All attacks; the first does nothing.
std::span<const Attack> attacks();
/// Position of that name in attacks(). Throws std::out_of_range.
std::size_t attack_named(const std::string& name);

/// One element: what it is to do, and a number of its own, in eight bytes.
struct Order {
  std::uint32_t number = 0;  // in the ledger, below Ledger::slots
  std::uint8_t attack = 0;
  Ending ending = Ending::returns;
  std::uint16_t seed = 0;

  std::uint64_t packed() const;
  static Order unpacked(std::uint64_t packed);
};

/// What a task makes of the number of its element, where nothing is wrong.
std::uint64_t answer_to(std::uint32_t number);

/// The task: carries an order out, as packed, and returns the answer to its number.
std::uint64_t obey(std::uint64_t packed);

// attack.cpp
void combination(Foe& foe);

// attack_page.cpp
void page_words_random(Foe& foe);
void page_words_near(Foe& foe);
void page_anywhere(Foe& foe);
void page_buffer(Foe& foe);
void page_clock(Foe& foe);
void page_claims_nothing(Foe& foe);
void page_claims_all(Foe& foe);
void page_revoked(Foe& foe);
void page_frames(Foe& foe);
void page_moves(Foe& foe);
void task_words(Foe& foe);
void task_bytes(Foe& foe);
void task_frames(Foe& foe);
void task_moves(Foe& foe);
void last_words(Foe& foe);

// attack_stream.cpp
void stream_garbage(Foe& foe);
void stream_frames(Foe& foe);
void stream_results(Foe& foe);
void stream_folded(Foe& foe);
void stream_failed(Foe& foe);
void stream_skipped(Foe& foe);
void stream_logs(Foe& foe);
void stream_beginnings(Foe& foe);
void stream_truncated(Foe& foe);
void stream_replayed(Foe& foe);
void stream_huge(Foe& foe);
void stream_without_end(Foe& foe);
void pipe_wake_ups(Foe& foe);
void pipe_locked(Foe& foe);
void pipe_descriptors(Foe& foe);
/// A frame of `type` with lies in it, as this worker could write it.
std::string forged_frame(Foe& foe, protocol::Type type);
std::string any_forged_frame(Foe& foe);

// attack_sockets.cpp
void channel_garbage(Foe& foe);
void channel_descriptors(Foe& foe);
void channel_oversized(Foe& foe);
void channel_closed(Foe& foe);
void server_socket_garbage(Foe& foe);
void server_socket_wrong_kind(Foe& foe);
void server_socket_oversized(Foe& foe);
void server_socket_many(Foe& foe);
void server_socket_closed(Foe& foe);

// attack_process.cpp
void log_flood(Foe& foe);
void siblings_signalled(Foe& foe);
void siblings_stopped(Foe& foe);
void server_signalled(Foe& foe);
void server_stopped(Foe& foe);
void descriptors_closed(Foe& foe);
void descriptors_replaced(Foe& foe);
void copies_write(Foe& foe);
void copies_return(Foe& foe);
void memory_cut(Foe& foe);
void other_program(Foe& foe);

// attack_shared.cpp
void lease_garbage(Foe& foe);
void lease_wrong_kind(Foe& foe);
void lease_strangers(Foe& foe);
void lease_shut_down(Foe& foe);

}  // namespace brood::hostile
