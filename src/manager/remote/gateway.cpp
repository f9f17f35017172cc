#include "manager/remote/gateway.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include <brood/errors.hpp>
#include "base/mutex.hpp"
#include "manager/account.hpp"
#include "manager/delivery.hpp"
#include "manager/leases.hpp"
#include "manager/messages.hpp"
#include "manager/notifications.hpp"
#include "manager/remote/frame.hpp"
#include "manager/replies.hpp"
#include "platform/foreign_close.hpp"
#include "platform/peek.hpp"
#include "platform/process.hpp"
#include "platform/random.hpp"
#include "platform/socket.hpp"
#include "platform/tcp.hpp"
#include "shared/envelope.hpp"
#include "wire/frame.hpp"

namespace brood::manager {
namespace {

constexpr std::uint64_t control_id = ~std::uint64_t{0};
constexpr std::uint64_t owner_id = control_id - 1;
constexpr std::uint64_t session_id = control_id - 2;
constexpr std::chrono::seconds time_to_connect{10};
constexpr std::chrono::milliseconds time_to_end{500};
constexpr std::uint64_t longest_answer = wire::default_frame_limit;

platform::Deadline connect_deadline() { return std::chrono::steady_clock::now() + time_to_connect; }

std::span<const std::byte> bytes_of(const Hello& hello) {
  return std::as_bytes(std::span(&hello, 1));
}

// Said here: the server would have to end the connection.
detail::Bytes too_long(std::uint64_t size, std::uint64_t most) {
  ManagerQuotas quotas;
  quotas.bytes = most;
  try {
    Account(quotas).take(Quota::bytes, size);
  } catch (const QuotaError&) {
    return failure();
  }
  return {};
}

/// Leases and channels of local clients, each with its counterpart in the server.
class Gateway {
 public:
  explicit Gateway(const RemotePlace& place)
      : address_(place.address),
        context_(place.key, TlsRole::client),
        number_(platform::random_number("connecting to a manager")),
        watched_("serving a connection to a manager"),
        session_(context_, platform::connect_to(address_, connect_deadline()), connect_deadline()) {
  }

  bool greet(int control);
  bool run(int control, int owner);

 private:
  bool serve_event(std::uint64_t id);
  bool drop(std::uint64_t id);
  void open(platform::Descriptor socket, std::uint64_t process);
  detail::DescriptorRef make_lease(const Token& token);
  std::vector<detail::DescriptorRef> make_leases(std::span<const Token> tokens);
  void pass_on(int local, std::uint64_t process) noexcept;
  void serve_channel(int local, std::uint64_t process);
  enum class Served { yes, refused, ended };
  bool wait_for_request(TlsStream& stream, int local);
  Served serve_next(TlsStream& stream, int local);
  Served serve_request(TlsStream& stream, int local, const detail::Envelope& request);
  Served hand_over(TlsStream& stream, int local, const RemoteFrame& reply);
  bool end();

  struct Lease {
    platform::Descriptor ours;
    Token token;
  };
  const std::string address_;
  const TlsContext context_;
  const std::uint64_t number_;
  WatchList watched_;
  TlsStream session_;  // of the main thread
  std::uint64_t longest_message_ = 0;
  base::Mutex mutex_;
  std::map<std::uint64_t, Lease> leases_ BROOD_GUARDED_BY(mutex_);
  std::uint64_t last_id_ BROOD_GUARDED_BY(mutex_) = 0;
  /// No lease was to be had for them: dropped with the next that is.
  std::vector<Token> unmade_ BROOD_GUARDED_BY(mutex_);
  std::set<int> channels_ BROOD_GUARDED_BY(mutex_);
  base::ConditionVariable channel_gone_;
};

// One for each time that the server sends it: it counts them.
detail::DescriptorRef Gateway::make_lease(const Token& token) {
  platform::SocketPair pair = platform::make_socket_pair();
  detail::DescriptorRef lease = detail::receive_descriptor(
      std::move(pair.theirs), detail::SharedDescriptor::Kind::relayed_lease, token);
  const base::MutexLock lock(mutex_);
  const std::uint64_t id = ++last_id_;
  watched_.add(pair.ours.get(), id);
  leases_.emplace(id, Lease{std::move(pair.ours), token});
  return lease;
}

std::vector<detail::DescriptorRef> Gateway::make_leases(std::span<const Token> tokens) {
  std::vector<detail::DescriptorRef> leases;
  try {
    for (const Token& token : tokens) leases.push_back(make_lease(token));
  } catch (const SystemError&) {
    const std::span<const Token> unmade = tokens.subspan(leases.size());
    const base::MutexLock lock(mutex_);
    unmade_.insert(unmade_.end(), unmade.begin(), unmade.end());
    throw;
  }
  return leases;
}

bool Gateway::greet(int control) {
  const Hello hello{.session = number_};
  std::optional<RemoteFrame> frame;
  if (send_frame(session_, FrameKind::session, bytes_of(hello)))
    frame = receive_frame(session_, longest_answer);
  Welcome welcome;
  if (!frame || frame->kind != FrameKind::envelope || frame->bytes.size() < sizeof welcome)
    throw SystemError("SSL_read", "connecting to a manager", ECONNRESET);
  std::memcpy(&welcome, frame->bytes.data(), sizeof welcome);
  longest_message_ = welcome.longest_message;
  detail::Bytes greeting = begin_reply(Status::value);
  greeting.append(frame->bytes.data() + sizeof welcome, frame->bytes.size() - sizeof welcome);
  const std::vector<detail::DescriptorRef> leases = make_leases(frame->tokens);
  return shared::send_envelope(control, greeting.view(), leases);
}

bool Gateway::run(int control, int owner) {
  watched_.add(control, control_id);
  watched_.add(owner, owner_id);
  watched_.add(session_.socket(), session_id);
  watched_.serve([this](std::uint64_t id) { return serve_event(id); });
  return end();
}

bool Gateway::serve_event(std::uint64_t id) {
  if (id >= session_id) return false;  // the server says nothing on a session but that it has ended
  int lease = -1;
  {
    const base::MutexLock lock(mutex_);
    const auto found = leases_.find(id);
    if (found == leases_.end()) return true;
    lease = found->second.ours.get();
  }
  const auto serve_client = [this](platform::Descriptor socket, std::uint64_t process) {
    open(std::move(socket), process);
  };
  return take_connections(lease, serve_client) || drop(id);
}

bool Gateway::drop(std::uint64_t id) {
  std::vector<Token> tokens;
  {
    const base::MutexLock lock(mutex_);
    tokens.push_back(leases_.at(id).token);
    tokens.insert(tokens.end(), unmade_.begin(), unmade_.end());
    unmade_.clear();
    leases_.erase(id);
  }
  return send_frame(session_, FrameKind::drop, {}, tokens);
}

void Gateway::open(platform::Descriptor socket, std::uint64_t process) {
  const int local = socket.release();
  const base::MutexLock lock(mutex_);
  try {
    channels_.insert(local);
    std::thread([this, local, process] { pass_on(local, process); }).detach();
  } catch (const std::exception&) {  // no thread: the client sees the end of its connection
    channels_.erase(local);
    platform::close_foreign(local);
  }
}

void Gateway::pass_on(int local, std::uint64_t process) noexcept {
  try {
    serve_channel(local, process);
  } catch (const std::exception&) {
    // The server has ended, or there is no memory: the client sees the end of its connection.
  }
  const base::MutexLock lock(mutex_);
  channels_.erase(local);
  platform::close_foreign(local);
  channel_gone_.notify_all();
}

// A connection that the server has refused gets another try with the next request: the client's
// channel stays.
void Gateway::serve_channel(int local, std::uint64_t process) {
  const Hello hello{.session = number_, .process = process};
  do {
    TlsStream stream(context_, platform::connect_to(address_, connect_deadline()),
                     connect_deadline());
    if (!send_frame(stream, FrameKind::channel, bytes_of(hello))) return;
    Served served = Served::yes;
    while (served == Served::yes) served = serve_next(stream, local);
    if (served == Served::ended) return;
  } while (got_the_answer(local));
}

// The server keeps what a call took until the client has read the answer. A client that gives an
// answer back says so before it takes that from the socket. False when the server has ended.
bool Gateway::wait_for_request(TlsStream& stream, int local) {
  Backoff backoff;
  for (bool told = false;;) {
    Ready ready = wait_for_either(stream, local, POLLIN, told ? std::nullopt : backoff.next());
    const bool is_read = platform::is_read(local);
    if (is_read && !ready.stream && ready.local == 0)
      ready = wait_for_either(stream, local, POLLIN, std::chrono::steady_clock::now());
    if (ready.stream || ready.local != 0) return !ready.stream;
    if (is_read) told = send_frame(stream, FrameKind::read);
    if (is_read && !told) return false;
  }
}

Gateway::Served Gateway::serve_next(TlsStream& stream, int local) {
  if (!wait_for_request(stream, local)) return Served::ended;
  if (!got_the_answer(local)) {
    send_frame(stream, FrameKind::lost);
    return Served::ended;
  }
  std::optional<detail::Envelope> request;
  try {
    request = shared::receive_envelope(local);
  } catch (const SystemError&) {  // its descriptors found no room here
    return shared::send_envelope(local, failure().view(), {}) ? Served::yes : Served::ended;
  }
  if (!request) return Served::ended;
  if (notification_in(request->view()) == Notification::lost)
    return send_frame(stream, FrameKind::lost) ? Served::yes : Served::ended;
  return serve_request(stream, local, *request);
}

// Keeps the request until there is an answer: a proxy in it shall not be dropped before it arrives.
Gateway::Served Gateway::serve_request(TlsStream& stream, int local,
                                       const detail::Envelope& request) {
  std::vector<Token> tokens;
  for (const detail::DescriptorRef& descriptor : request.descriptors)
    tokens.push_back(descriptor->token());
  if (const std::uint64_t size = request.view().size() + tokens.size() * sizeof(Token);
      size > longest_message_)
    return shared::send_envelope(local, too_long(size, longest_message_).view(), {})
               ? Served::yes
               : Served::ended;
  if (!send_frame(stream, FrameKind::envelope, request.view(), tokens)) return Served::ended;
  if (!wait_for_either(stream, local, 0).stream) return Served::ended;  // the client has ended
  std::optional<RemoteFrame> reply = receive_frame(stream, longest_answer);
  if (reply && reply->kind == FrameKind::refused)
    return shared::send_envelope(local, reply->bytes.view(), {}) ? Served::refused : Served::ended;
  if (!reply || reply->kind != FrameKind::envelope) return Served::ended;
  return hand_over(stream, local, *reply);
}

// What is got is said first: a program that is killed, its gateway with it, has had what it was
// sent.
Gateway::Served Gateway::hand_over(TlsStream& stream, int local, const RemoteFrame& reply) {
  try {
    const std::vector<detail::DescriptorRef> leases = make_leases(reply.tokens);
    if (!send_frame(stream, FrameKind::got)) return Served::ended;
    if (shared::send_envelope(local, reply.bytes.view(), leases)) return Served::yes;
  } catch (const SystemError&) {  // no room for descriptors here, or on the way (ETOOMANYREFS)
    const detail::Bytes reason = failure();
    const bool told = send_frame(stream, FrameKind::lost);
    return told && shared::send_envelope(local, reason.view(), {}) ? Served::yes : Served::ended;
  }
  send_frame(stream, FrameKind::lost);
  return Served::ended;
}

// Channels whose clients have ended may have an answer that is lost: they say so.
bool Gateway::end() {
  base::MutexLock lock(mutex_);
  for (const int channel : channels_) ::shutdown(channel, SHUT_RDWR);
  return channel_gone_.wait_for(mutex_, time_to_end,
                                [this]() BROOD_REQUIRES(mutex_) { return channels_.empty(); });
}

}  // namespace

bool gateway_main(platform::Descriptor control, platform::Descriptor owner, RemotePlace place) {
  platform::ignore_signals_to_the_group();
  ::signal(SIGPIPE, SIG_IGN);          // OpenSSL writes without MSG_NOSIGNAL
  platform::raise_descriptor_limit();  // each proxy takes one
  try {
    // Never destroyed: a thread of its may be about to end when it is done.
    static Gateway* const gateway = new Gateway(place);
    place.key = {};
    return !gateway->greet(control.get()) || gateway->run(control.get(), owner.get());
  } catch (const Error&) {
    shared::send_envelope(control.get(), failure().view(), {});
    return true;
  }
}

}  // namespace brood::manager
