// What runs when a fatal signal arrives: async-signal-safe, and prepared for a process whose memory
// is damaged. Each step is told before the next one is tried, for that may be the last.
#include "worker/last_words.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/module.hpp"

namespace brood::worker {
namespace {

using protocol::LastWords;

constexpr int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE,  SIGILL,
                                 SIGABRT, SIGSYS, SIGTRAP, SIGXCPU};
constexpr std::size_t least_stack = 64 * 1024;  // bytes: unwinding takes some

// A signal handler can be given nothing else.
constinit LastWords* target = nullptr;
constinit pid_t teller = -1;     // a process that a task has forked has no last words
constinit int status_file = -1;  // /proc/self/status, where it was opened before

bool has_address(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

// --- the stack ---
constinit std::uintptr_t stack_base = 0;   // an early frame of the thread that has a signal stack
constinit std::uintptr_t stack_limit = 0;  // bytes

void note_stack() {
  rlimit limit{};
  constexpr rlim_t most = 1U << 30;  // what a stack without a limit has for certain
  ::getrlimit(RLIMIT_STACK, &limit);
  stack_limit = std::min(limit.rlim_cur, most);
  stack_base = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

std::uintptr_t stack_pointer(const ucontext_t& context) {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
#elif defined(__aarch64__)
  return context.uc_mcontext.sp;
#else
  static_cast<void>(context);
  return 0;
#endif
}

// A push or a call touches what lies just below the pointer, a frame that was made too large what
// lies above it. Where the pointer is in a stack of the task's own making only the first can be
// told.
bool is_out_of_stack(std::uintptr_t address, std::uintptr_t pointer) {
  constexpr std::uintptr_t near = 64 * 1024;  // bytes: what a function may touch at once
  if (address < pointer) return pointer - address <= near;
  const bool in_frames = address < stack_base && stack_base - pointer <= stack_limit;
  return in_frames || (address < stack_base && address - pointer <= near);
}

void tell_signal(LastWords& words, int signal, const siginfo_t& info, const ucontext_t& context) {
  words.signal = signal;
  words.code = info.si_code;
  if (signal == SIGSYS && info.si_code == LastWords::code_of_refusal)
    words.refused_call = info.si_syscall;
  if (info.si_code <= 0) {
    words.sender = info.si_pid;
  } else if (has_address(signal)) {
    words.address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    words.stack_overflow =
        signal == SIGSEGV && is_out_of_stack(words.address, stack_pointer(context));
  }
  words.told.store(1, std::memory_order_release);
}

// --- frames ---
struct Walk {
  LastWords& words;
  bool begun;  // past the handler's own frames
};

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* argument) {
  Walk& walk = *static_cast<Walk*>(argument);
  int interrupted = 0;  // by the signal: the address is that of the instruction, not one behind
  const std::uint64_t address = _Unwind_GetIPInfo(context, &interrupted);
  if (interrupted != 0) walk.begun = true;
  const std::uint32_t count = walk.words.frames.load(std::memory_order_relaxed);
  if (!walk.begun || address == 0) return _URC_NO_REASON;
  if (count == LastWords::most_frames) return _URC_NORMAL_STOP;
  walk.words.frame[count] = interrupted != 0 ? address : address - 1;
  walk.words.frames.store(count + 1, std::memory_order_release);
  return _URC_NO_REASON;
}

// --- modules ---
#ifdef DLFO_STRUCT_HAS_EH_DBASE  // glibc 2.35
bool is_code(std::uint64_t address, dl_find_object& found) {
  return ::_dl_find_object(reinterpret_cast<void*>(address), &found) == 0;
}

void add_module(LastWords& words, std::uint64_t address) {
  const std::uint32_t count = words.modules.load(std::memory_order_relaxed);
  dl_find_object found{};
  if (count == LastWords::most_modules || !is_code(address, found)) return;
  const link_map& loaded = *found.dlfo_link_map;
  LastWords::Module& module = words.module[count];
  module.begin = reinterpret_cast<std::uintptr_t>(found.dlfo_map_start);
  module.end = reinterpret_cast<std::uintptr_t>(found.dlfo_map_end);
  module.base = loaded.l_addr;
  std::strncpy(module.path, loaded.l_name, LastWords::longest_path);
  module.id = base::build_id_in_memory(found.dlfo_map_start, loaded.l_addr);
  words.modules.store(count + 1, std::memory_order_release);
}
#else
struct dl_find_object {};
bool is_code(std::uint64_t, dl_find_object&) { return true; }
void add_module(LastWords&, std::uint64_t) {}
#endif

void tell_modules(LastWords& words) {
  const auto known = [&words](std::uint64_t address) {
    const LastWords::Module* const first = words.module;
    const LastWords::Module* const end = first + words.modules.load(std::memory_order_relaxed);
    return std::any_of(first, end, [address](const LastWords::Module& module) {
      return address >= module.begin && address < module.end;
    });
  };
  const std::uint32_t frames = words.frames.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < frames; ++i) {
    if (!known(words.frame[i])) add_module(words, words.frame[i]);
  }
}

// After a call through a bad pointer there is no function at the instruction pointer that could be
// unwound. The call has just pushed where it came from: unwinding starts there, as if it had
// returned.
#ifdef __x86_64__
class Returned {
 public:
  explicit Returned(ucontext_t& context) noexcept
      : registers_(context.uc_mcontext.gregs), pointer_(registers_[REG_RIP]) {
    dl_find_object found{};
    if (is_code(static_cast<std::uint64_t>(pointer_), found)) return;
    const auto caller = *reinterpret_cast<const greg_t*>(registers_[REG_RSP]);
    if (!is_code(static_cast<std::uint64_t>(caller), found)) return;
    moved_ = true;
    registers_[REG_RIP] = caller - 1;  // taken for the instruction itself
    registers_[REG_RSP] += sizeof caller;
  }
  ~Returned() {
    if (!moved_) return;
    registers_[REG_RIP] = pointer_;
    registers_[REG_RSP] -= sizeof pointer_;
  }
  Returned(const Returned&) = delete;
  Returned& operator=(const Returned&) = delete;

 private:
  greg_t* registers_;
  greg_t pointer_;
  bool moved_ = false;
};
#else
struct Returned {
  explicit Returned(ucontext_t&) noexcept {}
};
#endif

void tell_frames(LastWords& words, ucontext_t& context) {
  const Returned returned(context);
  Walk walk{words, false};
  _Unwind_Backtrace(&add_frame, &walk);
  if (words.frames.load(std::memory_order_relaxed) != 0) return;
  walk.begun = true;  // no frame was that of the signal
  _Unwind_Backtrace(&add_frame, &walk);
}

// --- memory ---
int open_status() { return ::open("/proc/self/status", O_RDONLY | O_CLOEXEC); }

// getrusage(2) would tell the owner's peak, where that was more: see platform::reap.
void tell_peak(LastWords& words) {
  static char text[4096];
  const int file = status_file >= 0 ? status_file : open_status();
  const ssize_t size = ::pread(file, text, sizeof text - 1, 0);
  if (file != status_file) ::close(file);
  if (size <= 0) return;
  text[size] = '\0';
  constexpr char name[] = "\nVmHWM:";
  const char* digit = std::strstr(text, name);
  if (digit == nullptr) return;
  std::uint64_t kilobytes = 0;
  for (digit += sizeof name - 1; *digit == ' ' || *digit == '\t'; ++digit) {
  }
  for (; *digit >= '0' && *digit <= '9'; ++digit)
    kilobytes = 10 * kilobytes + static_cast<std::uint64_t>(*digit - '0');
  words.peak_resident.store(1024 * kilobytes, std::memory_order_release);
}

// The action is the default one again, and the signal is blocked until the handler returns: then it
// ends the process where it was interrupted, with what the kernel said of it, as if there had been
// no handler.
void send_again(int signal, siginfo_t* info) {
  if (::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::syscall(SYS_gettid), signal, info) != 0)
    ::raise(signal);
}

void on_fatal_signal(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  if (target != nullptr && teller == ::getpid() && target->begun.exchange(1) == 0) {
    tell_signal(*target, signal, *info, *static_cast<ucontext_t*>(context));
    tell_peak(*target);
    tell_frames(*target, *static_cast<ucontext_t*>(context));
    tell_modules(*target);
  }
  send_again(signal, info);
  errno = error;
}

void on_exit_with(int code, void*) {
  if (teller != ::getpid()) return;
  target->exit_code = code;
  target->exited.store(1, std::memory_order_release);
}

bool has_default_action(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
         action.sa_handler == SIG_DFL;
}

void install(int signal) {
  struct sigaction action {};
  action.sa_sigaction = &on_fatal_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

// With a page in front that cannot be touched: see sigaltstack(2).
void give_stack_for_signals() {
  stack_t stack{};
  if (::sigaltstack(nullptr, &stack) != 0 || (stack.ss_flags & SS_DISABLE) == 0) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const long wanted = ::sysconf(_SC_SIGSTKSZ);
  const std::size_t size = std::max(least_stack, wanted > 0 ? static_cast<std::size_t>(wanted) : 0);
  void* const memory = ::mmap(nullptr, page + size, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  stack = {};
  stack.ss_sp = static_cast<char*>(memory) + page;
  stack.ss_size = size;
  ::mprotect(stack.ss_sp, size, PROT_READ | PROT_WRITE);
  ::sigaltstack(&stack, nullptr);
}

}  // namespace

void leave_last_words_in(LastWords& words) {
  target = &words;
  teller = ::getpid();
  give_stack_for_signals();
  note_stack();
  for (const int signal : fatal_signals) {
    if (has_default_action(signal)) install(signal);
  }
  ::on_exit(&on_exit_with, nullptr);
}

void keep_last_words() noexcept {
  if (target == nullptr) return;
  status_file = open_status();
  install(SIGSYS);
}

}  // namespace brood::worker
