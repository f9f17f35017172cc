#include <brood/detail/codec/shared_ids.hpp>

#include <string>
#include <unordered_map>
#include <utility>

#include <brood/errors.hpp>
#include "base/type_name.hpp"

namespace brood::detail {
namespace {

[[noreturn]] void refuse(const std::string& reason) {
  throw CodecError(CodecError::Direction::decode, "", "a shared pointer refers to " + reason);
}

}  // namespace

// Two objects can have one address: a structure and its first member, a class and its base.
struct SharedNumbers::Table {
  struct Entry {
    std::shared_ptr<const void> object;
    SharedType type;
    std::uint32_t number;
  };
  std::unordered_multimap<const void*, Entry> entries;
};

void SharedNumbers::Drop::operator()(Table* table) const noexcept { delete table; }

std::uint32_t SharedNumbers::of(std::shared_ptr<const void> object, const SharedType& type) {
  if (object == nullptr) return 0;
  if (table_ == nullptr) table_.reset(new Table);
  auto& entries = table_->entries;
  const void* const address = object.get();
  const auto [begin, end] = entries.equal_range(address);
  for (auto entry = begin; entry != end; ++entry) {
    const auto& [known, of_type, number] = entry->second;
    if (type.convert(of_type, const_cast<void*>(address)) == address) return number;
  }
  const auto number = static_cast<std::uint32_t>(entries.size() + 1);
  entries.emplace(address, Table::Entry{std::move(object), type, number});
  return number | first_mention;
}

void SharedObjects::add(std::uint32_t number, std::shared_ptr<void> object, const SharedType& type,
                        const bool* constructed) {
  // An encoder counts, so no number is left out or given twice.
  if ((number & ~first_mention) != entries_.size() + 1)
    refuse("an object with number " + std::to_string(number & ~first_mention) + " as the " +
           std::to_string(entries_.size() + 1) + "th");
  entries_.push_back({std::move(object), type, constructed});
}

std::shared_ptr<void> SharedObjects::find(std::uint32_t number, const SharedType& type) const {
  if (number == 0) return nullptr;
  if (number > entries_.size())
    refuse("object " + std::to_string(number) + " of " + std::to_string(entries_.size()));
  const Entry& entry = entries_[number - 1];
  if (entry.constructed != nullptr && !*entry.constructed)
    refuse("an object whose constructor has not run yet");
  void* const converted = type.convert(entry.type, entry.object.get());
  if (converted == nullptr)
    refuse("a " + base::type_name(*entry.type.info) + " as a " + base::type_name(*type.info));
  return {entry.object, converted};
}

}  // namespace brood::detail
