// Expect: brood: this type cannot travel between processes: give it a cereal serialize() function
#include <vector>

#include <brood/codec.hpp>

class Opaque {
  int number_ = 0;
};

void encode(brood::detail::Bytes& target) {
  brood::detail::encode_value(target, std::vector<std::vector<Opaque>>());
}
