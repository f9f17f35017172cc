// Compiles
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <brood/codec.hpp>

struct Empty {};
struct Node {
  std::vector<Node> children;
  std::unique_ptr<Node> next;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(children, next);
  }
};

static_assert(brood::detail::check_value<std::map<std::string, std::vector<Empty>>>());
static_assert(brood::detail::check_value<std::tuple<int, std::pair<const int, std::string>>>());
static_assert(brood::detail::check_value<Node>());

void encode(brood::detail::Bytes& target) { brood::detail::encode_value(target, Node()); }
