// Any bytes as values that point to others: shared and not, to bases, in rings, nested in
// themselves. They are refused with a CodecError, or they decode to a value that encodes to bytes
// that decode again.
#include <cereal/types/array.hpp>
#include <cereal/types/bitset.hpp>
#include <cereal/types/forward_list.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/polymorphic.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/variant.hpp>

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <brood/codec.hpp>

namespace pointers_fuzz {

struct Link {
  std::unique_ptr<Link> next;
  bool last = false;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(next, last);
  }
};

// May be part of a ring, which would never be freed: rings are cut behind each run.
struct Node {
  static inline std::set<Node*> alive;
  Node() { alive.insert(this); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() { alive.erase(this); }
  static void cut_rings() {
    std::vector<std::shared_ptr<void>> cut;
    for (Node* const node : alive) {
      cut.push_back(std::move(node->next));
      cut.push_back(std::move(node->friends));
    }
  }
  std::shared_ptr<Node> next;
  std::weak_ptr<Node> back;
  std::shared_ptr<const std::string> name;
  std::shared_ptr<std::vector<std::shared_ptr<Node>>> friends;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(next, back, name, friends);
  }
};

struct Base {
  int number = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number);
  }
};
struct Derived : Base {
  std::string text;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Base>(this), text);
  }
};

struct Json {
  std::variant<std::monostate, bool, double, std::string, std::vector<Json>,
               std::map<std::string, Json>>
      value;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value);
  }
};

struct Shape {
  virtual ~Shape() = default;
  virtual std::size_t size() const = 0;
  template <class Archive>
  void serialize(Archive&) {}
};
struct Circle : Shape {
  std::string colour;
  std::size_t size() const override { return colour.size(); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Shape>(this), colour);
  }
};
struct Group : Shape {
  std::vector<std::unique_ptr<Shape>> shapes;
  std::shared_ptr<Circle> circle;
  std::size_t size() const override { return shapes.size(); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Shape>(this), shapes, circle);
  }
};

struct Made : std::enable_shared_from_this<Made> {
  Made(std::string given, std::shared_ptr<Made> with)
      : text(std::move(given)), other(std::move(with)) {}
  template <class Archive>
  void save(Archive& archive) const {
    archive(text, other, later);
  }
  template <class Archive>
  static void load_and_construct(Archive& archive, cereal::construct<Made>& construct) {
    std::string text;
    std::shared_ptr<Made> other;
    archive(text, other);
    construct(text, other);
    archive(construct->later);
  }
  std::string text;
  std::shared_ptr<Made> other;
  std::weak_ptr<Made> later;
};

struct Nothing {
  friend bool operator<(Nothing, Nothing) { return false; }
};

struct All {
  std::shared_ptr<std::string> text;
  std::shared_ptr<std::vector<double>> numbers;
  Link link;
  std::vector<std::set<Nothing>> nothing;
  std::shared_ptr<Base> base;
  std::shared_ptr<Derived> derived;
  std::shared_ptr<Base> again;
  std::array<bool, 3> flags{};
  std::vector<std::shared_ptr<Node>> nodes;
  Json json;
  std::shared_ptr<Shape> shape;
  std::shared_ptr<Circle> circle;
  std::shared_ptr<Made> made;
  std::optional<std::unique_ptr<std::bitset<9>>> bits;
  std::forward_list<std::list<std::unordered_set<std::string>>> lists;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(text, numbers, link, nothing, base, derived, again, flags, nodes, json, shape, circle,
            made, bits, lists);
  }
};

// Reads what was decoded: an object of another type shows itself.
std::size_t touch(const All& all) {
  std::size_t sum = 0;
  if (all.text) sum += all.text->size() + (all.text->empty() ? 0u : all.text->back() == 'x');
  if (all.numbers && !all.numbers->empty()) sum += all.numbers->back() > 1 ? 1u : 0u;
  if (all.derived) sum += all.derived->text.size();
  for (const auto& node : all.nodes) {
    if (node && node->name) sum += node->name->size();
    if (node && node->friends) sum += node->friends->size();
  }
  if (all.shape) sum += all.shape->size();
  if (all.circle) sum += all.circle->size();
  if (all.made) sum += all.made->shared_from_this()->text.size();
  return sum;
}

}  // namespace pointers_fuzz

CEREAL_REGISTER_TYPE(pointers_fuzz::Circle)
CEREAL_REGISTER_TYPE(pointers_fuzz::Group)

namespace {

bool decodes(std::span<const std::byte> bytes, brood::detail::Bytes& again) {
  brood::Reader source(bytes);
  const auto all = brood::detail::decode_value<pointers_fuzz::All>(source);
  volatile std::size_t sum = touch(all);
  static_cast<void>(sum);
  brood::detail::encode_value(again, all);
  return source.left() == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  brood::detail::Bytes again, and_again;
  bool decoded = false;
  try {
    decodes(std::as_bytes(std::span(data, size)), again);
    decoded = true;
  } catch (const brood::CodecError&) {
  }
  try {
    if (decoded && !decodes(again.view(), and_again)) std::abort();
  } catch (const brood::CodecError&) {
    std::abort();
  }
  pointers_fuzz::Node::cut_rings();
  return 0;
}
