#include <brood/call.hpp>

namespace brood {

void Call::take(const detail::Bytes& bytes) {
  encoded_.assign(bytes.data(), bytes.data() + bytes.size());
  attached_.assign(bytes.attached().begin(), bytes.attached().end());
}

}  // namespace brood
