// Any bytes as a deeply compound value: they are refused with a CodecError, or they decode to a
// value that encodes to bytes that decode again.
#include <cereal/types/array.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/variant.hpp>

#include <array>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <brood/codec.hpp>

namespace {

enum class Colour : std::uint8_t { red, green };
struct Nothing {};

struct Leaf {
  std::optional<std::string> name;
  std::unique_ptr<std::vector<double>> numbers;
  std::shared_ptr<int> shared;
  bool flag = false;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, numbers, shared, flag);
  }
};

struct Tree {
  std::map<std::string, std::vector<std::variant<int, std::string, Leaf, std::vector<bool>>>> table;
  std::vector<std::vector<Leaf>> nested;
  std::unordered_map<int, std::list<Colour>> lists;
  std::tuple<std::u16string, std::pair<char, long double>, std::array<short, 3>> mixed;
  std::deque<std::vector<Nothing>> empty;
  std::set<std::string> names;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(table, nested, lists, mixed, empty, names);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  brood::Reader source(std::as_bytes(std::span(data, size)));
  brood::detail::Bytes again;
  try {
    brood::detail::encode_value(again, brood::detail::decode_value<Tree>(source));
  } catch (const brood::CodecError&) {
    return 0;
  }
  try {
    brood::Reader reader(again.view());
    brood::detail::decode_value<Tree>(reader);
    if (reader.left() != 0) std::abort();
  } catch (const brood::CodecError&) {
    std::abort();
  }
  return 0;
}
