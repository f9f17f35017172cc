#include <brood/replay.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

#include <brood/detail/codec/callable.hpp>
#include <brood/errors.hpp>
#include "wire/exception.hpp"
#include "wire/saved_element.hpp"
#include "worker/replayed_run.hpp"
#include "worker/this_worker.hpp"

namespace brood {

namespace {

std::vector<std::byte> content_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw SystemError("open", "reading the saved element " + file, errno);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) throw SystemError("read", "reading the saved element " + file, errno);
  const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

void run_saved_call(std::span<const std::byte> encoded) {
  if (encoded.empty()) return;
  Reader call(encoded);
  detail::take_code_as<detail::CallEntry>(call)(call);
}

wire::SavedElement element_in(const std::string& file) {
  wire::SavedElement element = wire::decode_saved(content_of(file));
  if (element.shared_objects)
    throw UsageError(
        "brood::replay: the element, or its pool's initializer or state, has shared objects (a "
        "Queue, a Value, a proxy) among its arguments: these ended with the processes that had "
        "them, and it cannot be run again");
  return element;
}

std::string in_hex(std::span<const std::byte> bytes) {
  constexpr std::size_t most = 32;
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), most))) {
    char digits[4];
    std::snprintf(digits, sizeof digits, " %02x", static_cast<unsigned>(byte));
    text += digits;
  }
  return bytes.size() > most ? text + " ..." : text;
}

}  // namespace

// Run::attempt and the like are those of the run that failed. The state goes after the element,
// also where that throws.
Replay replay(const std::string& file) {
  const wire::SavedElement element = element_in(file);
  worker::InlineIdentity worker{.name = element.worker, .state = {}, .hooks = {}};
  const worker::InlineScope scope(worker);
  run_saved_call(element.initializer);
  run_saved_call(element.state);
  worker::ReplayedRun run(element);
  run.run();
  Replay replayed;
  replayed.error_ = run.error();
  replayed.bytes_ = run.value();
  replayed.index_ = element.index;
  replayed.outcome_then_ = element.outcome;
  return replayed;
}

std::string Replay::str() const {
  if (error_) return "threw " + wire::describe_exception(error_);
  if (bytes_.empty()) return "returned";
  return "returned " + std::to_string(bytes_.size()) + (bytes_.size() == 1 ? " byte:" : " bytes:") +
         in_hex(bytes_);
}

}  // namespace brood
