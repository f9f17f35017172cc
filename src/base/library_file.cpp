#include "base/library_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include <brood/errors.hpp>

namespace brood::base {
namespace {

constexpr std::size_t most_segments = 256;  // usual are a dozen
constexpr std::uint64_t longest_note = 65536;
constexpr std::uint64_t largest_code = std::uint64_t{1} << 30;

constexpr unsigned char own_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char own_order =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

// A part of a file that others may be writing to or cutting.
class Pieces {
 public:
  Pieces(const std::string& path, int file, std::uint64_t size)
      : path_(path), file_(file), size_(size) {}

  void read(void* target, std::size_t count, std::uint64_t offset) const {
    if (offset > size_ || count > size_ - offset) refuse();
    auto* const start = static_cast<char*>(target);
    for (std::size_t done = 0; done < count;) {
      const ssize_t got =
          ::pread(file_, start + done, count - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) refuse();
      done += static_cast<std::size_t>(got);
    }
  }
  template <class T>
  std::vector<T> read(std::size_t count, std::uint64_t offset) const {
    std::vector<T> read_ones(count);
    read(read_ones.data(), count * sizeof(T), offset);
    return read_ones;
  }
  [[noreturn]] void refuse() const {
    throw_not_loadable(path_ + " is no shared library of this kind of machine");
  }

 private:
  const std::string& path_;
  int file_;
  std::uint64_t size_;
};

std::vector<ElfW(Phdr)> segments_in(const Pieces& pieces) {
  ElfW(Ehdr) header;
  pieces.read(&header, sizeof header, 0);
  const bool is_ours = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                       header.e_ident[EI_CLASS] == own_class &&
                       header.e_ident[EI_DATA] == own_order && header.e_type == ET_DYN &&
                       header.e_phentsize == sizeof(ElfW(Phdr)) && header.e_phnum <= most_segments;
  if (!is_ours) pieces.refuse();
  return pieces.read<ElfW(Phdr)>(header.e_phnum, header.e_phoff);
}

void add_code(CodeHash& hash, const Pieces& pieces, const ElfW(Phdr) & segment) {
  constexpr std::uint64_t block = 65536;
  if (segment.p_filesz > largest_code) pieces.refuse();
  for (std::uint64_t done = 0; done < segment.p_filesz; done += block) {
    const std::uint64_t count = std::min<std::uint64_t>(block, segment.p_filesz - done);
    hash.add(pieces.read<std::uint8_t>(count, segment.p_offset + done));
  }
}

// The file may be a device that does something when it is opened, or a pipe that blocks.
bool is_regular(const char* path) {
  struct stat status;
  return ::stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

void throw_not_loadable(const std::string& reason) {
  throw CodecError(CodecError::Direction::decode, "function",
                   "the library it is in cannot be loaded here: " + reason);
}

BuildId build_id_in_notes(std::span<const std::uint8_t> notes, std::uint64_t alignment) noexcept {
  const std::size_t unit = alignment == 8 ? 8 : 4;
  const auto padded = [unit](std::size_t length) { return (length + unit - 1) / unit * unit; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof header);
    const std::size_t content = sizeof header + padded(header.n_namesz);
    if (content + header.n_descsz > notes.size()) break;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && header.n_descsz != 0 &&
        std::memcmp(notes.data() + sizeof header, "GNU", 4) == 0) {
      BuildId id{};
      std::memcpy(id.data(), notes.data() + content, std::min<std::size_t>(header.n_descsz, 16));
      return id;
    }
    notes = notes.subspan(std::min(content + padded(header.n_descsz), notes.size()));
  }
  return {};
}

void CodeHash::add(std::span<const std::uint8_t> code) noexcept {
  for (const std::uint8_t byte : code) {
    sums_[0] = (sums_[0] ^ byte) * 0x100000001b3u;
    sums_[1] = (sums_[1] ^ byte) * 0x100000001b3u;
  }
}

BuildId CodeHash::id() const noexcept {
  BuildId id;
  static_assert(sizeof id == sizeof sums_);
  std::memcpy(id.data(), sums_, sizeof sums_);
  return id;
}

LibraryFile::LibraryFile(const std::string& path) : path_(path) {
  if (!path.starts_with('/') || path.find('\0') != std::string::npos || !is_regular(path.c_str()))
    throw_not_loadable(path + " is no file");
  number_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  if (number_ >= 0 && ::fstat(number_, &status) == 0 && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    return;
  }
  const std::string reason = path + " cannot be read (" + std::strerror(errno) + ")";
  if (number_ >= 0) ::close(number_);
  throw_not_loadable(reason);
}

LibraryFile::~LibraryFile() { ::close(number_); }

BuildId LibraryFile::build_id() const {
  const Pieces pieces(path_, number_, size_);
  const auto segments = segments_in(pieces);
  for (const ElfW(Phdr) & segment : segments) {
    if (segment.p_type != PT_NOTE) continue;
    if (segment.p_filesz > longest_note) pieces.refuse();
    const auto notes = pieces.read<std::uint8_t>(segment.p_filesz, segment.p_offset);
    const BuildId id = build_id_in_notes(notes, segment.p_align);
    if (id != BuildId{}) return id;
  }
  CodeHash hash;
  for (const ElfW(Phdr) & segment : segments) {
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0) add_code(hash, pieces, segment);
  }
  return hash.id();
}

}  // namespace brood::base
