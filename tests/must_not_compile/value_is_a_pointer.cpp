// Expect: brood: a pointer means nothing in another process
#include <brood/codec.hpp>

void encode(brood::detail::Bytes& target, int* pointer) {
  brood::detail::encode_value(target, pointer);
}
