#include "platform/seccomp.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <optional>

#include <brood/errors.hpp>
#include "platform/privileges.hpp"
#include "platform/system_call_names.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t own_kind = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_kind = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t own_kind = AUDIT_ARCH_RISCV64;
#else
constexpr std::uint32_t own_kind = 0;  // clone(2) has other arguments on some: see install()
#endif
static_assert(std::endian::native == std::endian::little);

sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
sock_filter keep_bits(std::uint64_t mask) {
  return {BPF_ALU | BPF_AND | BPF_K, 0, 0, static_cast<std::uint32_t>(mask)};
}
// Goes on where it is equal, else to the end of the rule: patched there.
sock_filter demand(std::uint64_t value) {
  return {BPF_JMP | BPF_JEQ | BPF_K, 0, 0, static_cast<std::uint32_t>(value)};
}
sock_filter answer_with(std::uint32_t answer) { return {BPF_RET | BPF_K, 0, 0, answer}; }

void add_half(std::vector<sock_filter>& rule, std::size_t offset, std::uint64_t mask,
              std::uint64_t value) {
  if (mask == 0) return;
  rule.insert(rule.end(), {load(offset), keep_bits(mask), demand(value)});
}

void add_condition(std::vector<sock_filter>& rule, const ArgumentIs& argument) {
  const std::size_t low = offsetof(seccomp_data, args) + argument.index * sizeof(std::uint64_t);
  constexpr std::uint64_t half = 0xffff'ffff;
  add_half(rule, low, argument.mask & half, argument.value & half);
  add_half(rule, low + 4, argument.mask >> 32, argument.value >> 32);
}

}  // namespace

SeccompFilter::SeccompFilter() {
  program_ = {load(offsetof(seccomp_data, arch)),
              {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, own_kind},
              answer_with(SECCOMP_RET_KILL_PROCESS)};
}

void SeccompFilter::allow(std::string_view call, std::initializer_list<ArgumentIs> if_all) {
  add(call, SECCOMP_RET_ALLOW, if_all);
}

void SeccompFilter::fail(std::string_view call, int error,
                         std::initializer_list<ArgumentIs> if_all) {
  add(call, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error), if_all);
}

void SeccompFilter::add(std::string_view call, std::uint32_t answer,
                        std::initializer_list<ArgumentIs> if_all) {
  const std::optional<int> number = system_call_number(call);
  if (!number) return;
  std::vector<sock_filter> rule{load(offsetof(seccomp_data, nr)),
                                demand(static_cast<std::uint64_t>(*number))};
  for (const ArgumentIs& argument : if_all) add_condition(rule, argument);
  rule.push_back(answer_with(answer));
  for (std::size_t i = 0; i < rule.size(); ++i) {
    if (BPF_CLASS(rule[i].code) == BPF_JMP)
      rule[i].jf = static_cast<std::uint8_t>(rule.size() - 1 - i);
  }
  program_.insert(program_.end(), rule.begin(), rule.end());
}

void SeccompFilter::install() {
  if (own_kind == 0) throw SystemError("seccomp", entering_sandbox, ENOSYS);
  program_.push_back(answer_with(SECCOMP_RET_TRAP));
  const sock_fprog program{static_cast<unsigned short>(program_.size()), program_.data()};
  const int result = system_calls().seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                                            const_cast<sock_fprog*>(&program));
  // A positive number is that of a thread that has a filter of its own: seccomp(2).
  if (result != 0) throw SystemError("seccomp", entering_sandbox, result < 0 ? errno : EBUSY);
}

}  // namespace brood::platform
