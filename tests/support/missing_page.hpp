#pragma once

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

#include "platform/descriptor.hpp"

namespace brood::testing {

/// A page of memory: each access to it, the kernel's too, waits until it is supplied. What this
/// process then holds in the kernel it keeps meanwhile.
class MissingPage {
 public:
  /// Throws std::runtime_error where the system refuses it: sysctl vm.unprivileged_userfaultfd.
  MissingPage()
      : faults_(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC))),
        page_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    uffdio_api version{};
    version.api = UFFD_API;
    uffdio_register range{};
    range.range = {address(), size};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    if (!faults_ || ::ioctl(faults_.get(), UFFDIO_API, &version) != 0 ||
        ::ioctl(faults_.get(), UFFDIO_REGISTER, &range) != 0)
      throw std::runtime_error("no page faults of ours");
  }
  ~MissingPage() { ::munmap(page_, size); }
  MissingPage(const MissingPage&) = delete;
  MissingPage& operator=(const MissingPage&) = delete;

  void* data() const noexcept { return page_; }
  void supply() const {
    uffdio_zeropage zeros{};
    zeros.range = {address(), size};
    ::ioctl(faults_.get(), UFFDIO_ZEROPAGE, &zeros);
  }

 private:
  static constexpr std::size_t size = 4096;
  std::uintptr_t address() const noexcept { return reinterpret_cast<std::uintptr_t>(page_); }

  platform::Descriptor faults_;
  void* page_;
};

}  // namespace brood::testing
