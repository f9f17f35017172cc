// Refused: brood: a std::filesystem::directory_entry cannot travel; send its path()
#include <cereal/types/vector.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include <brood/pool.hpp>

std::vector<std::filesystem::directory_entry> entries(const std::string& path);

void call(brood::Pool& pool) {
  for (const auto& entry : pool.apply(entries, "/")) static_cast<void>(entry);
}
