#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "count.hpp"

namespace word_count {

/// The regular files under a directory, and the directories in it that could not be read.
struct FileList {
  std::vector<std::string> files;
  std::vector<Unreadable> unreadable;
};

/// Follows no symbolic link below `root`, so it always ends. Throws
/// std::filesystem::filesystem_error when `root` itself cannot be read.
FileList files_under(const std::filesystem::path& root);

}  // namespace word_count
