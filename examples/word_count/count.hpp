#pragma once

#include <cereal/types/string.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace word_count {

/// Lets a map of strings be asked for a string_view without making a string. Not noexcept: so
/// libstdc++ keeps the hash of each word beside it, and merging compares and rehashes less.
struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view word) const {
    return std::hash<std::string_view>()(word);
  }
};
using Counts = std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>>;

/// A path that could not be read, and the system's reason.
struct Unreadable {
  std::string path, reason;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(path, reason);
  }
};

/// What some files hold; of one file, and after merge of many.
struct Summary {
  Counts counts;
  std::uint64_t files = 0, bytes = 0, words = 0;
  std::vector<Unreadable> unreadable;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(counts, files, bytes, words, unreadable);
  }
};

/// Counts the words of one file: runs of letters, digits, underscores and bytes beyond ASCII. Of a
/// run longer than 256 bytes each 256 are a word.
Summary count_file(const std::string& path);

/// Both together. Associative, so that workers and their parent may merge in any grouping.
Summary merge(Summary a, Summary b);

/// Whether both found the same, down to each word.
bool same_answer(const Summary& a, const Summary& b);

}  // namespace word_count
