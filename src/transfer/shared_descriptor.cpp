#include "transfer/shared_descriptor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "base/closed_files.hpp"
#include "base/mutex.hpp"
#include "platform/foreign_close.hpp"
#include "platform/memory_file.hpp"
#include "platform/process.hpp"
#include "platform/random.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"

namespace brood::detail {
namespace {

using Token = SharedDescriptor::Token;

// Fork generations.
constinit std::atomic<unsigned> streams_closed_in{0};
constinit std::atomic<unsigned> leases_closed_in{0};

constinit std::atomic<std::size_t> alive{0};

// What this process has, by token. Weak: handles hold it.
struct Entry {
  // More than one where another has come under the token; few of them are noted, so that a peer
  // that sends many has not each of them compared with all.
  static constexpr std::size_t most = 8;
  std::vector<std::weak_ptr<const SharedDescriptor>> objects;
  bool disputed = false;

  std::vector<DescriptorRef> living() const {
    std::vector<DescriptorRef> found;
    for (const auto& object : objects) {
      if (DescriptorRef living = object.lock()) found.push_back(std::move(living));
    }
    return found;
  }
  void forget_expired() noexcept {
    std::erase_if(objects, [](const auto& object) { return object.expired(); });
  }
};
struct Registry {
  base::Mutex mutex;
  std::map<Token, Entry> known BROOD_GUARDED_BY(mutex);
  base::Mutex source_mutex;
  DescriptorSource source BROOD_GUARDED_BY(source_mutex);
};

Registry& registry();

// Another thread may hold them in the moment of a fork: pthread_atfork(3) calls one function before
// and the other after it.
void lock_registry() BROOD_NO_THREAD_SAFETY_ANALYSIS {
  registry().source_mutex.lock();
  registry().mutex.lock();
}
void unlock_registry() BROOD_NO_THREAD_SAFETY_ANALYSIS {
  registry().mutex.unlock();
  registry().source_mutex.unlock();
}

// Never destroyed: handles in static objects may outlive it.
Registry& registry() {
  static Registry* const instance = new Registry;
  return *instance;
}

void survive_forks() {
  static const int installed = pthread_atfork(lock_registry, unlock_registry, unlock_registry);
  static_cast<void>(installed);
}

// No number follows from another: a peer that could tell the next one's name would send its own
// object under it before that comes.
Token next_token() {
  constexpr const char* what = "naming a shared object";
  return {platform::random_number(what), platform::random_number(what)};
}

struct Inode {
  dev_t device = 0;
  std::uint64_t number = 0;
  mode_t type = 0;
  bool operator==(const Inode&) const = default;
};

/// As far as the kernel knows without asking the file system, which another process may serve. A
/// worker may ask, and in a sandbox it may call fstat(2) only.
std::optional<Inode> inode_of(int file) noexcept {
  struct stat status {};
  if (platform::closes_may_wait()) {
    if (::fstat(file, &status) != 0) return std::nullopt;
    return Inode{status.st_dev, status.st_ino, status.st_mode & S_IFMT};
  }
  struct statx facts {};
  if (::statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &facts) != 0)
    return std::nullopt;
  return Inode{makedev(facts.stx_dev_major, facts.stx_dev_minor), facts.stx_ino,
               static_cast<mode_t>(facts.stx_mode & S_IFMT)};
}

struct Known {
  DescriptorRef object;
  bool disputed = false;
};
Known known(Token token) {
  Registry& here = registry();
  Known found;  // goes without the lock, as below
  const base::MutexLock lock(here.mutex);
  const auto entry = here.known.find(token);
  if (entry == here.known.end()) return found;
  found.disputed = entry->second.disputed;
  const auto& objects = entry->second.objects;
  for (auto one = objects.begin(); !found.object && one != objects.end(); ++one)
    found.object = one->lock();
  if (found.object && found.object->is_closed()) found.object = nullptr;
  return found;
}

// A lease that is served no more, as of a remote manager after the connection was lost: after
// another connect() a new one takes its place.
bool is_over(const SharedDescriptor& earlier) {
  if (earlier.is_closed()) return true;
  if (!earlier.is_lease()) return false;
  pollfd watched{earlier.get(), 0, 0};
  return platform::system_calls().poll(&watched, 1, 0) > 0;
}

/// Whether two numbers of this process stand for the same open file; also where it may not ask.
bool are_one_file(int one, int other) noexcept {
  constexpr int file = 0;  // KCMP_FILE
  if (base::files_are_closed.load(std::memory_order_relaxed)) return true;
  const pid_t self = ::getpid();
  return ::syscall(SYS_kcmp, self, self, file, one, other) <= 0;
}

// Of a lease each gateway to a server has others of its own, one for each time that a proxy comes.
// A process needs one by way of each; and none where it has that of the server itself.
bool stands_for(const SharedDescriptor& earlier, int later) noexcept {
  return earlier.kind() == SharedDescriptor::Kind::lease ||
         (earlier.is_lease() && platform::maker_of(earlier.get()) == platform::maker_of(later));
}

// Whether what came is what was here, and is given up for that. Of a socket, which is opened once,
// its close is not the last one then.
bool give_up_for(const SharedDescriptor& earlier, platform::Descriptor& later,
                 SharedDescriptor::Kind kind) {
  const std::optional<Inode> inode = inode_of(later.get());
  constexpr mode_t of_all = 0;  // eventfds and the like have one inode together
  const bool same = earlier.kind() == kind && inode && inode == inode_of(earlier.get()) &&
                    (inode->type != of_all || are_one_file(later.get(), earlier.get()));
  if (same && inode->type == S_IFSOCK) later.set_trusted();
  return same ||
         (kind == SharedDescriptor::Kind::relayed_lease && stands_for(earlier, later.get()));
}

// The lease of a server itself is first: what gateways send later is given up for that.
void note(Entry& entry, const DescriptorRef& made, bool taken) {
  if (!taken) entry = {};
  entry.forget_expired();
  entry.disputed = taken;
  if (entry.objects.size() == Entry::most) return;
  const bool first = made->kind() == SharedDescriptor::Kind::lease;
  entry.objects.insert(first ? entry.objects.begin() : entry.objects.end(), made);
}

DescriptorRef enter(platform::Descriptor descriptor, SharedDescriptor::Kind kind, Token token) {
  survive_forks();
  while (kind != SharedDescriptor::Kind::stream &&
         platform::unreserved(descriptor.get()) != descriptor.get())
    descriptor.move_above(platform::unreserved(descriptor.get()));
  Registry& here = registry();
  std::vector<DescriptorRef> earlier;  // go without the lock: their destructor takes it
  const base::MutexLock lock(here.mutex);
  earlier = here.known[token].living();
  bool taken = false;
  for (const DescriptorRef& one : earlier) {
    if (is_over(*one)) continue;
    if (give_up_for(*one, descriptor, kind)) return one;
    taken = true;
  }
  using TokenUse = SharedDescriptor::TokenUse;
  const TokenUse use =
      taken && !SharedDescriptor::is_lease(kind) ? TokenUse::taken : TokenUse::alone;
  auto made = std::make_shared<const SharedDescriptor>(std::move(descriptor), kind, token, use);
  note(here.known[token], made, taken);
  return made;
}

void leave(Token token) noexcept {
  Registry& here = registry();
  const base::MutexLock lock(here.mutex);
  const auto entry = here.known.find(token);
  if (entry == here.known.end()) return;
  entry->second.forget_expired();
  if (entry->second.objects.empty()) here.known.erase(entry);
}

}  // namespace

SharedDescriptor::SharedDescriptor(platform::Descriptor descriptor, Kind kind, Token token,
                                   TokenUse use)
    : number_(descriptor.get()),
      is_foreign_(descriptor.is_foreign()),
      kind_(kind),
      token_(token),
      token_use_(use),
      generation_(platform::fork_generation()) {
  descriptor.release();
  alive.fetch_add(1, std::memory_order_relaxed);
  if (kind_ != Kind::stream) platform::inherited_descriptors.insert(number_);
}

SharedDescriptor::~SharedDescriptor() {
  alive.fetch_sub(1, std::memory_order_relaxed);
  leave(token_);
  if (is_closed()) return;
  if (kind_ != Kind::stream) platform::inherited_descriptors.erase(number_);
  is_foreign_ ? platform::close_foreign(number_) : static_cast<void>(::close(number_));
}

DescriptorRef SharedDescriptor::alias() const {
  if (token_use_ == TokenUse::alone) return nullptr;
  const base::MutexLock lock(mutex_);
  if (!alias_) {
    platform::Descriptor copy = platform::duplicate(get());
    if (is_foreign_) copy.set_foreign();
    alias_ = share_descriptor(std::move(copy), kind_);
  }
  return alias_;
}

bool SharedDescriptor::is_inherited() const noexcept {
  return generation_ != platform::fork_generation();
}

bool SharedDescriptor::is_closed() const noexcept {
  if (kind_ == Kind::memory) return false;
  const std::atomic<unsigned>& closed_in =
      kind_ == Kind::stream ? streams_closed_in : leases_closed_in;
  return generation_ < closed_in.load(std::memory_order_relaxed);
}

int SharedDescriptor::get() const {
  if (!is_closed()) return number_;
  throw UsageError(
      "brood: a forked worker does not inherit open connections, nor a manager's server anything; "
      "give it this one as an argument");
}

std::span<std::byte> SharedDescriptor::memory(std::optional<std::size_t> size) const {
  const base::MutexLock lock(mutex_);
  if (mapping_.data() == nullptr)
    mapping_ = platform::SharedMapping::of(number_, size ? *size : platform::size_of_file(number_));
  return {static_cast<std::byte*>(mapping_.data()), mapping_.size()};
}

DescriptorRef share_descriptor(platform::Descriptor descriptor, SharedDescriptor::Kind kind) {
  return enter(std::move(descriptor), kind, next_token());
}

DescriptorRef receive_descriptor(platform::Descriptor descriptor, SharedDescriptor::Kind kind,
                                 Token token) {
  using Kind = SharedDescriptor::Kind;
  if (kind > Kind::relayed_lease ||
      (SharedDescriptor::is_lease(kind) && !platform::is_message_socket(descriptor.get())))
    throw CodecError(CodecError::Direction::decode, "", "a descriptor of no kind came along");
  return enter(std::move(descriptor), kind, token);
}

DescriptorRef find_descriptor(Token token, std::span<const DescriptorRef> beside) {
  const bool has_lost = !beside.empty() && beside.front() == nullptr;
  const Known here = known(token);
  if (here.object && !here.disputed && !has_lost) return here.object;
  for (const DescriptorRef& descriptor : beside) {
    if (descriptor && descriptor->token() == token) return descriptor;
  }
  Registry& all = registry();
  const base::MutexLock lock(all.source_mutex);
  return all.source ? all.source(token) : nullptr;
}

void set_descriptor_source(DescriptorSource source) {
  survive_forks();
  const base::MutexLock lock(registry().source_mutex);
  registry().source = std::move(source);
}

std::size_t shared_descriptors() noexcept { return alive.load(std::memory_order_relaxed); }

void note_streams_closed() noexcept {
  streams_closed_in.store(platform::fork_generation(), std::memory_order_relaxed);
}

void abandon_descriptors() noexcept {
  Registry& here = registry();
  const base::MutexLock lock(here.mutex);
  for (const auto& [token, entry] : here.known) {
    for (const DescriptorRef& found : entry.living()) {
      if (!found->is_inherited() || found->is_closed()) continue;
      if (found->kind() == SharedDescriptor::Kind::memory) continue;
      platform::inherited_descriptors.erase(found->get());
      ::close(found->get());
    }
  }
  note_streams_closed();
  leases_closed_in.store(platform::fork_generation(), std::memory_order_relaxed);
}

}  // namespace brood::detail
