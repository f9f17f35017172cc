#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "manager/operations.hpp"
#include "manager/server/call.hpp"
#include "manager/server/stored.hpp"

namespace brood::manager {
namespace {

/// Its calls run one after the other: see Entry::calls.
struct ServedSpace {
  struct Attribute {
    std::string type;
    AnyValue value;
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

NewObject RootOperations::make_space(ServedCall&) {
  return {std::make_shared<ServedSpace>(), &typeid(ServedSpace), false};
}

void SpaceOperations::set(ServedCall& call, const std::string& name, const std::string& type,
                          AnyValue value) {
  const auto guard = call.enter();
  ServedSpace::Attribute& attribute = space(call).attributes[name];
  attribute.type = type;
  attribute.value.swap(value);
}

AnyValue SpaceOperations::get(ServedCall& call, const std::string& name, const std::string& type) {
  const auto guard = call.enter();
  return find(space(call), name, type).value;
}

bool SpaceOperations::has(ServedCall& call, const std::string& name) {
  const auto guard = call.enter();
  return space(call).attributes.contains(name);
}

bool SpaceOperations::erase(ServedCall& call, const std::string& name) {
  const auto guard = call.enter();
  return space(call).attributes.erase(name) != 0;
}

std::vector<std::string> SpaceOperations::names(ServedCall& call) {
  const auto guard = call.enter();
  std::vector<std::string> all;
  for (const auto& [name, attribute] : space(call).attributes) all.push_back(name);
  return all;
}

}  // namespace brood::manager
