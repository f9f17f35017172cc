// Expect: brood: a type that travels between processes needs a public default constructor
#include <brood/codec.hpp>

struct Named {
  explicit Named(int value) : number(value) {}
  int number;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number);
  }
};

Named decode(brood::Reader& source) { return brood::detail::decode_value<Named>(source); }
