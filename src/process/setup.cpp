#include "process/setup.hpp"

#include <cstring>

#include <cereal/types/array.hpp>
#include <cereal/types/string.hpp>

#include <brood/codec.hpp>

namespace brood::process {
namespace {

// The build comes first: a process of another one reads no further.
template <class Archive>
void visit(Archive& archive, Setup& setup) {
  archive(setup.build, setup.name, setup.numbers, setup.parent_name, setup.parent_pid, setup.daemon,
          setup.start_method, setup.log_level, setup.call_size);
}

}  // namespace

void encode_setup(detail::Bytes& target, const Setup& setup) {
  std::uint64_t length = 0;
  const std::size_t start = target.size();
  target.append(&length, sizeof length);
  OutputArchive archive(target);
  Setup copy = setup;
  visit(archive, copy);
  length = target.size() - start - sizeof length;
  std::memcpy(target.data() + start, &length, sizeof length);
}

Setup decode_setup(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  InputArchive archive(reader);
  Setup setup;
  visit(archive, setup);
  return setup;
}

}  // namespace brood::process
