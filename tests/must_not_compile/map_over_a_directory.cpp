// Refused: brood: a std::filesystem::directory_entry cannot travel; send its path()
#include <filesystem>

#include <brood/pool.hpp>

int size(const std::filesystem::directory_entry& entry);

void call(brood::Pool& pool) {
  for (const int bytes : pool.map(size, std::filesystem::directory_iterator("/")))
    static_cast<void>(bytes);
}
