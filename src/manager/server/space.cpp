#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "base/mutex.hpp"
#include "manager/operations.hpp"
#include "manager/server/call.hpp"
#include "manager/server/stored.hpp"

namespace brood::manager {
namespace {

class ServedSpace {
 public:
  void set(const std::string& name, const std::string& type, AnyValue& value) {
    const base::MutexLock lock(mutex_);
    Attribute& attribute = attributes_[name];
    attribute.type = type;
    attribute.value.swap(value);
  }
  AnyValue get(const std::string& name, const std::string& type) const {
    const base::MutexLock lock(mutex_);
    return find(name, type).value;
  }
  bool has(const std::string& name) const {
    const base::MutexLock lock(mutex_);
    return attributes_.contains(name);
  }
  bool erase(const std::string& name) {
    const base::MutexLock lock(mutex_);
    return attributes_.erase(name) != 0;
  }
  std::vector<std::string> names() const {
    const base::MutexLock lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [name, attribute] : attributes_) all.push_back(name);
    return all;
  }

 private:
  struct Attribute {
    std::string type;
    AnyValue value;
  };
  const Attribute& find(const std::string& name, const std::string& type) const
      BROOD_REQUIRES(mutex_) {
    const auto found = attributes_.find(name);
    if (found == attributes_.end())
      throw std::out_of_range("brood::ManagedSpace: there is no \"" + name + '"');
    if (found->second.type != type)
      throw UsageError("brood::ManagedSpace: \"" + name + "\" is of type " + found->second.type +
                       ", not " + type);
    return found->second;
  }

  mutable base::Mutex mutex_;
  std::map<std::string, Attribute> attributes_ BROOD_GUARDED_BY(mutex_);
};

ServedSpace& space(ServedCall& call) { return call.object<ServedSpace>(); }

}  // namespace

NewObject RootOperations::make_space(ServedCall&) {
  return {std::make_shared<ServedSpace>(), &typeid(ServedSpace), true};
}

void SpaceOperations::set(ServedCall& call, const std::string& name, const std::string& type,
                          AnyValue value) {
  space(call).set(name, type, value);
}
AnyValue SpaceOperations::get(ServedCall& call, const std::string& name, const std::string& type) {
  return space(call).get(name, type);
}
bool SpaceOperations::has(ServedCall& call, const std::string& name) {
  return space(call).has(name);
}
bool SpaceOperations::erase(ServedCall& call, const std::string& name) {
  return space(call).erase(name);
}
std::vector<std::string> SpaceOperations::names(ServedCall& call) { return space(call).names(); }

}  // namespace brood::manager
