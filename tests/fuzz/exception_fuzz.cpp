// Any bytes as an exception: something to throw comes out, it can be described, and it can travel
// on.
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <vector>

#include <brood/exception.hpp>

#include "wire/exception.hpp"
#include "wire/exception_record.hpp"

namespace {

struct Registered : std::runtime_error {
  Registered() : std::runtime_error("") {}
  std::vector<int> numbers;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(numbers);
  }
};
const bool registered = brood::register_exception<Registered>();

const brood::WorkerIdentity worker{"worker", 1};

// The bytes as the payload of a registered type: no input could hit on this build's code reference.
void decode_registered(std::span<const std::byte> bytes) {
  brood::detail::Bytes payload, encoded;
  brood::detail::put_code(
      payload, reinterpret_cast<const void*>(&brood::detail::rethrow_nested_as<Registered>));
  payload.append(bytes.data(), bytes.size());
  brood::wire::ExceptionRecord record;
  record.registered.assign(payload.data(), payload.data() + payload.size());
  brood::detail::encode_value(encoded, brood::wire::ExceptionChain{record});
  try {
    std::rethrow_exception(brood::wire::decode_exception(encoded.view(), worker, 0));
  } catch (const Registered&) {
  } catch (const brood::CodecError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  decode_registered(bytes);
  const std::exception_ptr made = brood::wire::decode_exception(bytes, worker, 0);
  if (made == nullptr || brood::wire::describe_encoded_exception(bytes).empty()) std::abort();
  brood::detail::Bytes again;
  brood::wire::encode_exception(again, made);
  if (brood::wire::decode_exception(again.view(), worker, 0) == nullptr) std::abort();
  return 0;
}
