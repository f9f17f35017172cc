#include "files.hpp"

#include <system_error>

namespace word_count {

namespace fs = std::filesystem;

namespace {

/// Adds the files of one folder to `list` and its subfolders to `folders`.
std::error_code scan(const fs::path& folder, FileList& list, std::vector<fs::path>& folders) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unknown;
    const fs::file_type type = entry->symlink_status(unknown).type();
    if (unknown) list.unreadable.push_back({entry->path(), unknown.message()});
    if (type == fs::file_type::directory) folders.push_back(entry->path());
    if (type == fs::file_type::regular) list.files.push_back(entry->path());
  }
  return error;
}

}  // namespace

FileList files_under(const fs::path& root) {
  FileList list;
  std::vector<fs::path> folders;
  if (const std::error_code error = scan(root, list, folders)) {
    throw fs::filesystem_error("cannot read the directory", root, error);
  }
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    if (const std::error_code error = scan(folder, list, folders)) {
      list.unreadable.push_back({folder, error.message()});
    }
  }
  return list;
}

}  // namespace word_count
