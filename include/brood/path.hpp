#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include <brood/codec.hpp>

namespace brood {

/// Encodes a std::filesystem::path as its text. A relative path names a file below the receiver's
/// working directory.
inline void CEREAL_SAVE_FUNCTION_NAME(OutputArchive& archive, const std::filesystem::path& path) {
  archive(path.native());
}
/// Decodes one.
inline void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive, std::filesystem::path& path) {
  std::filesystem::path::string_type text;
  archive(text);
  path = std::move(text);
}

}  // namespace brood
