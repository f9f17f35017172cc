#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "manager/server/call.hpp"
#include "manager/server/stored.hpp"
#include "manager/stubs.hpp"

namespace brood::manager {
namespace {

/// Its calls run one after the other: see Entry::calls.
struct ServedSpace {
  struct Attribute {
    std::string type;
    std::shared_ptr<const Stored> value;
  };
  std::map<std::string, Attribute> attributes;
};

ServedSpace& space(ServedCall& call) { return call.object<ServedSpace>(); }

const ServedSpace::Attribute& find(const ServedSpace& space, const std::string& name,
                                   const std::string& type) {
  const auto found = space.attributes.find(name);
  if (found == space.attributes.end())
    throw std::out_of_range("brood::ManagedSpace: there is no \"" + name + '"');
  if (found->second.type != type)
    throw UsageError("brood::ManagedSpace: \"" + name + "\" is of type " + found->second.type +
                     ", not " + type);
  return found->second;
}

}  // namespace

void make_space(ServedCall& call) {
  call.put_new({std::make_shared<ServedSpace>(), &typeid(ServedSpace), false});
}

void space_set(ServedCall& call) {
  const auto name = argument<std::string>(call);
  const auto type = argument<std::string>(call);
  auto value = std::make_shared<const Stored>(call);
  const auto guard = call.enter();
  ServedSpace::Attribute& attribute = space(call).attributes[name];
  attribute.type = type;
  attribute.value.swap(value);
}

void space_get(ServedCall& call) {
  const auto name = argument<std::string>(call);
  const auto type = argument<std::string>(call);
  const auto guard = call.enter();
  find(space(call), name, type).value->append_to(call.result());
}

void space_has(ServedCall& call) {
  const auto name = argument<std::string>(call);
  const auto guard = call.enter();
  put_result(call, space(call).attributes.contains(name));
}

void space_erase(ServedCall& call) {
  const auto name = argument<std::string>(call);
  const auto guard = call.enter();
  put_result(call, space(call).attributes.erase(name) != 0);
}

void space_names(ServedCall& call) {
  const auto guard = call.enter();
  std::vector<std::string> names;
  for (const auto& [name, attribute] : space(call).attributes) names.push_back(name);
  put_result(call, names);
}

}  // namespace brood::manager
