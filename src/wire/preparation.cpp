#include "wire/preparation.hpp"

#include <cereal/types/array.hpp>
#include <cereal/types/string.hpp>

#include "wire/checked.hpp"

namespace brood::wire {
namespace {

template <class Archive, class Told>
void visit(Archive& archive, Told& told) {
  auto& identity = told.identity;
  archive(told.build, identity.name, identity.numbers, identity.daemon, identity.parent_name,
          identity.parent_pid, told.start_method, told.log_level);
}

}  // namespace

void save(OutputArchive& archive, const Preparation& preparation) { visit(archive, preparation); }

void load(InputArchive& archive, Preparation& preparation) {
  visit(archive, preparation);
  checked_index(preparation.log_level, log_levels, "log level");
}

}  // namespace brood::wire
