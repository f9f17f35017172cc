#include "wire/saved_element.hpp"

#include <cereal/types/array.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include <cstring>
#include <string_view>

#include <brood/codec.hpp>
#include <brood/errors.hpp>

namespace brood::wire {
namespace {

constexpr std::string_view first_line = "Brood: a failed element, format 1\n";

// FNV-1a. It finds damage; nothing protects from a file that is made to do harm, which may name any
// function of the program.
std::uint64_t checksum(std::span<const std::byte> bytes) noexcept {
  std::uint64_t sum = 14695981039346656037u;
  for (const std::byte byte : bytes)
    sum = (sum ^ static_cast<std::uint64_t>(byte)) * 1099511628211u;
  return sum;
}

// The build comes first and keeps its place for ever, so that any two builds can tell that they
// differ.
template <class Archive, class Element>
void visit_saved(Archive& archive, Element& element) {
  archive(element.build, element.program, element.outcome, element.worker, element.index,
          element.attempt, element.stride, element.raw_argument, element.separate_call,
          element.shared_objects, element.initializer, element.state, element.definition,
          element.argument);
}

[[noreturn]] void refuse_saved(const std::string& reason) {
  throw CodecError(CodecError::Direction::decode, "saved element", reason);
}

void check_build(Reader source) {
  BuildId build{};
  source.read(build.data(), build.size());
  if (build == program_build_id()) return;
  refuse_saved("the program that has saved it is another build (" + to_string(build) +
               ") than this one (" + to_string(program_build_id()) + "): run it with that program");
}

}  // namespace

detail::Bytes encode_saved(const SavedElement& element) {
  detail::Bytes bytes;
  bytes.append(first_line.data(), first_line.size());
  const std::uint64_t none = 0;
  bytes.append(&none, sizeof none);
  OutputArchive archive(bytes);
  visit_saved(archive, element);
  const std::uint64_t sum = checksum(bytes.view().subspan(first_line.size() + sizeof none));
  std::memcpy(bytes.data() + first_line.size(), &sum, sizeof sum);
  return bytes;
}

SavedElement decode_saved(std::span<const std::byte> file) {
  std::uint64_t sum = 0;
  if (file.size() < first_line.size() + sizeof sum ||
      std::memcmp(file.data(), first_line.data(), first_line.size()) != 0)
    refuse_saved("the file is none that PoolOptions::save_failed has written");
  std::memcpy(&sum, file.data() + first_line.size(), sizeof sum);
  const std::span<const std::byte> rest = file.subspan(first_line.size() + sizeof sum);
  if (sum != checksum(rest)) refuse_saved("the file is damaged: its checksum does not fit");
  check_build(Reader(rest));
  SavedElement element;
  Reader source(rest);
  InputArchive archive(source);
  visit_saved(archive, element);
  return element;
}

}  // namespace brood::wire
