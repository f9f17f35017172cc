#include "wire/preparation.hpp"

#include <cereal/types/array.hpp>
#include <cereal/types/string.hpp>

#include "wire/checked.hpp"

namespace brood::wire {
namespace {

template <class Archive, class AnyPreparation>
void visit(Archive& archive, AnyPreparation& preparation) {
  auto& identity = preparation.identity;
  archive(preparation.build, identity.name, identity.numbers, identity.daemon, identity.parent_name,
          identity.parent_pid, preparation.start_method, preparation.log_level);
}

}  // namespace

void save(OutputArchive& archive, const Preparation& preparation) { visit(archive, preparation); }

void load(InputArchive& archive, Preparation& preparation) {
  visit(archive, preparation);
  checked_index(preparation.log_level, log_levels, "log level");
}

}  // namespace brood::wire
