#include "process/setup.hpp"

#include <cstring>

#include <brood/codec.hpp>

namespace brood::process {

// The build comes first: a process of another one reads no further.
void encode_setup(detail::Bytes& target, const ProcessSetup& setup) {
  std::uint64_t length = 0;
  const std::size_t start = target.size();
  target.append(&length, sizeof length);
  OutputArchive archive(target);
  archive(setup.preparation, setup.call_size);
  length = target.size() - start - sizeof length;
  std::memcpy(target.data() + start, &length, sizeof length);
}

ProcessSetup decode_setup(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  InputArchive archive(reader);
  ProcessSetup setup;
  archive(setup.preparation, setup.call_size);
  return setup;
}

}  // namespace brood::process
